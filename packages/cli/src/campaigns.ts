import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Campaign, CampaignDraft, PolicyDraft } from '@sluice/contracts'
import { campaignLines } from './campaign-view.ts'
import { type Command, type Invocation, UsageError, listOf, requiredText, textOf } from './command.ts'
import { historyLines } from './history-lines.ts'
import { tableOf } from './table.ts'
import { watchCampaign } from './watch-campaign.ts'

const PLAN_MS = 600_000

export const campaignCommands: readonly Command[] = [
  {
    name: 'campaigns create',
    usage: '--name <name> --artifact <artifact> [--wave <size>]... [--policy <file.json>] [--start]',
    summary: 'Plan a campaign; --wave takes a count or a percentage, in order; who is left comes in a last wave',
    positionals: 0,
    options: {
      name: { type: 'string' },
      artifact: { type: 'string' },
      device: { type: 'string', multiple: true },
      tag: { type: 'string', multiple: true },
      'from-version': { type: 'string', multiple: true },
      wave: { type: 'string', multiple: true },
      policy: { type: 'string' },
      start: { type: 'boolean' },
    },
    run: createCampaign,
  },
  {
    name: 'campaigns list',
    usage: '',
    summary: 'Campaigns, newest first',
    positionals: 0,
    options: {},
    run: async ({ client, say }) => {
      const { items } = await client.call('listCampaigns')
      const rows = items.map((one) => [one.campaignId, one.name, one.version, one.state, one.size, one.stateReason])
      for (const line of tableOf(['CAMPAIGN', 'NAME', 'VERSION', 'STATE', 'DEVICES', 'WHY'], rows)) say(line)
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
  control('start', 'Open the first wave'),
  control('pause', 'Claim nothing new; what was offered runs on and is counted'),
  control('resume', 'Go on after a pause'),
  control('abort', 'End it for good'),
  control('advance', 'Open the next wave, where that waits for a person'),
]

function control(action: 'start' | 'pause' | 'resume' | 'abort' | 'advance', summary: string): Command {
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

async function createCampaign(invocation: Invocation): Promise<boolean> {
  const { client, values, say } = invocation
  const draft = draftOf(invocation)
  const planned = await waitForPlan(invocation, await client.call('createCampaign', { body: draft }))
  say(
    `${planned.campaignId} ${planned.state}, ${planned.size} devices in ${planned.waves.map((wave) => wave.size).join(' + ')}`,
  )
  if (values['start'] !== true) return true
  const started = await client.call('startCampaign', { params: { campaignId: planned.campaignId }, body: {} })
  say(`${started.campaignId} ${started.state}`)
  return true
}

function draftOf({ values }: Invocation): CampaignDraft {
  const policyFile = textOf(values, 'policy')
  const policy = policyFile === undefined ? {} : readPolicy(policyFile)
  const waves = withLast(listOf(values, 'wave').map(waveOf))
  const names = listOf(values, 'device')
  const tags = listOf(values, 'tag')
  const softwareVersions = listOf(values, 'from-version')
  return {
    name: requiredText(values, 'name'),
    artifactId: requiredText(values, 'artifact'),
    targets: {
      ...(names.length === 0 ? {} : { names }),
      ...(tags.length === 0 ? {} : { tags }),
      ...(softwareVersions.length === 0 ? {} : { softwareVersions }),
    },
    policy: { ...policy, ...(waves.length === 0 ? {} : { waves }) },
  }
}

function readPolicy(file: string): PolicyDraft {
  const text = readFileSync(file, 'utf8')
  try {
    return JSON.parse(text) as PolicyDraft
  } catch {
    throw new UsageError(`${file} is not JSON`)
  }
}

/** `--wave 5` alone means five devices first, not everybody at once. */
function withLast(waves: NonNullable<PolicyDraft['waves']>): NonNullable<PolicyDraft['waves']> {
  const last = waves.at(-1)
  if (last === undefined || ('percent' in last.size && last.size.percent === 100)) return waves
  return [...waves, { size: { percent: 100 }, advance: 'auto' }]
}

function waveOf(text: string): NonNullable<PolicyDraft['waves']>[number] {
  const [, figure, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? []
  if (figure === undefined) throw new UsageError(`--wave ${text}: a count such as 50 or a percentage such as 5%`)
  return { size: percent === '%' ? { percent: Number(figure) } : { count: Number(figure) }, advance: 'auto' }
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
