import { setTimeout as sleep } from 'node:timers/promises'
import type { Campaign } from '@sluice/contracts'
import { DRAFT_OPTIONS, DRAFT_USAGE, draftOf } from './campaign-draft.ts'
import { campaignLines } from './campaign-view.ts'
import { CAPS_OPTIONS, CAPS_USAGE, capsIn, capsLine } from './caps.ts'
import { type Command, type Invocation, textOf } from './command.ts'
import { dryRunLines } from './dry-run-view.ts'
import { historyLines } from './history-lines.ts'
import { reportCommand } from './report.ts'
import { tableOf } from './table.ts'
import { watchCampaign } from './watch-campaign.ts'

const PLAN_MS = 600_000
const MOST_LISTED = 100

export const campaignCommands: readonly Command[] = [
  {
    name: 'campaigns create',
    usage: `${DRAFT_USAGE} [--start]`,
    summary: 'Plan a campaign; --wave takes a count or a percentage, in order; who is left comes in a last wave',
    positionals: 0,
    options: { ...DRAFT_OPTIONS, start: { type: 'boolean' } },
    run: createCampaign,
  },
  {
    name: 'campaigns plan',
    usage: DRAFT_USAGE,
    summary: 'What such a campaign would do, who is left out and how long it would take; writes nothing',
    positionals: 0,
    options: DRAFT_OPTIONS,
    run: async (invocation) => {
      const would = await invocation.client.call('dryRunCampaign', { body: draftOf(invocation) })
      for (const line of dryRunLines(would)) invocation.say(line)
    },
  },
  {
    name: 'campaigns list',
    usage: '',
    summary: 'Campaigns, newest first',
    positionals: 0,
    options: {},
    run: async ({ client, say }) => {
      const items: Campaign[] = []
      let cursor: string | null = null
      // A page is short where campaigns name many devices.
      do {
        const limit = MOST_LISTED - items.length
        const page: { items: Campaign[]; next: string | null } = await client.call('listCampaigns', {
          query: { limit, ...(cursor === null ? {} : { cursor }) },
        })
        items.push(...page.items)
        cursor = page.next
      } while (cursor !== null && items.length < MOST_LISTED)
      const rows = items.map((one) => [one.campaignId, one.name, one.version, one.state, one.size, one.stateReason])
      for (const line of tableOf(['CAMPAIGN', 'NAME', 'VERSION', 'STATE', 'DEVICES', 'WHY'], rows)) say(line)
      if (cursor !== null) say('... and more')
    },
  },
  {
    name: 'campaigns show',
    usage: '<campaign>',
    summary: 'One campaign: waves, counters, outcomes',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) => {
      const campaign = await client.call('getCampaign', { params: { campaignId: positionals[0]! } })
      for (const line of campaignLines(campaign)) say(line)
      say(`  caps: ${capsLine(campaign.policy.caps)}`)
      for (const wave of campaign.waves) if (wave.gate !== null) say(`  gate of wave ${wave.wave}: ${wave.gate}`)
      for (const line of tableOf(['OUTCOME', 'DEVICES'], Object.entries(campaign.outcomes))) say(`  ${line}`)
    },
  },
  {
    name: 'campaigns watch',
    usage: '<campaign>',
    summary: 'Follow a campaign until it pauses or ends; exit 0 only when it finished',
    positionals: 1,
    options: {},
    run: (invocation) => watchCampaign(invocation, invocation.positionals[0]!),
  },
  {
    name: 'campaigns history',
    usage: '<campaign>',
    summary: 'The audit trail of a campaign, up to 1000 entries',
    positionals: 1,
    options: { after: { type: 'string' } },
    run: async ({ client, positionals, values, say }) => {
      const after = textOf(values, 'after')
      const { items } = await client.call('getCampaignHistory', {
        params: { campaignId: positionals[0]! },
        query: { limit: 1_000, ...(after === undefined ? {} : { afterSeq: Number(after) }) },
      })
      for (const line of historyLines(items)) say(line)
    },
  },
  reportCommand,
  control('approve', 'Agree that it may start, or grow: another person than who created it'),
  control('start', 'Open the first wave'),
  control('pause', 'Claim nothing new; what was offered runs on and is counted'),
  control('resume', 'Go on after a pause'),
  control('close', 'Offer it to nobody else; who is under way goes on, and then it is finished'),
  control('abort', 'End it for good'),
  control('advance', 'Open the next wave, where that waits for a person'),
  {
    name: 'campaigns caps',
    usage: `<campaign> ${CAPS_USAGE} [--reason <text>]`,
    summary: 'Raise, lower or take off (none) caps of a campaign; in force from the next claim on',
    positionals: 1,
    options: { ...CAPS_OPTIONS, reason: { type: 'string' } },
    run: setCaps,
  },
  {
    name: 'campaigns roll-back',
    usage: '<campaign> [--artifact <artifact>] [--reason <text>]',
    summary: 'End it, and plan a campaign that takes the devices it moved back; a second person approves that one',
    positionals: 1,
    options: { artifact: { type: 'string' }, reason: { type: 'string' } },
    run: rollBack,
  },
]

function control(
  action: 'approve' | 'start' | 'pause' | 'resume' | 'close' | 'abort' | 'advance',
  summary: string,
): Command {
  return {
    name: `campaigns ${action}`,
    usage: '<campaign> [--reason <text>]',
    summary,
    positionals: 1,
    options: { reason: { type: 'string' } },
    run: async ({ client, positionals, values, say }) => {
      const reason = textOf(values, 'reason')
      const campaign = await client.call(`${action}Campaign`, {
        params: { campaignId: positionals[0]! },
        body: reason === undefined ? {} : { reason },
      })
      say(`${campaign.campaignId} ${campaign.state}`)
    },
  }
}

async function setCaps({ client, positionals, values, say }: Invocation): Promise<void> {
  const reason = textOf(values, 'reason')
  const campaign = await client.call('setCampaignCaps', {
    params: { campaignId: positionals[0]! },
    body: { caps: capsIn(values), ...(reason !== undefined && { reason }) },
  })
  say(`${campaign.campaignId} ${campaign.state}, caps: ${capsLine(campaign.policy.caps)}`)
}

async function rollBack(invocation: Invocation): Promise<void> {
  const { client, positionals, values, say } = invocation
  const [artifactId, reason] = [textOf(values, 'artifact'), textOf(values, 'reason')]
  const back = await client.call('rollBackCampaign', {
    params: { campaignId: positionals[0]! },
    body: { ...(artifactId !== undefined && { artifactId }), ...(reason !== undefined && { reason }) },
  })
  const planned = await waitForPlan(invocation, back)
  say(`${planned.campaignId} ${planned.state}, takes ${planned.size} devices back once a second person approves it`)
  for (const line of tableOf(['LEFT OUT BECAUSE', 'DEVICES'], Object.entries(planned.leftOut))) say(`  ${line}`)
}

async function createCampaign(invocation: Invocation): Promise<boolean> {
  const { client, values, say } = invocation
  const draft = draftOf(invocation)
  const planned = await waitForPlan(invocation, await client.call('createCampaign', { body: draft }))
  say(
    `${planned.campaignId} ${planned.state}, ${planned.size} devices in ${planned.waves.map((wave) => wave.size).join(' + ')}`,
  )
  for (const [reason, devices] of Object.entries(planned.leftOut)) say(`  left out: ${devices}, ${reason}`)
  if (planned.approval.neededBecause.length > 0) {
    say(`  a second person has to approve it: ${planned.approval.neededBecause.join(', ')}`)
  }
  if (values['start'] !== true) return true
  const started = await client.call('startCampaign', { params: { campaignId: planned.campaignId }, body: {} })
  say(`${started.campaignId} ${started.state}`)
  return true
}

async function waitForPlan({ client, signal }: Invocation, created: Campaign): Promise<Campaign> {
  const until = performance.now() + PLAN_MS
  let campaign = created
  while (campaign.state === 'planning' && performance.now() < until) {
    await sleep(200, undefined, { signal })
    campaign = await client.call('getCampaign', { params: { campaignId: campaign.campaignId } })
  }
  return campaign
}
