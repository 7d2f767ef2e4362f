import { type Campaign, type InputOf, type Reply, answered, type campaignControl, refused } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import { afterCommit } from '../after-commit.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Parts } from '../parts.ts'
import { type CampaignRow, type CampaignState, approveCampaign, lockCampaigns } from '../store/campaigns.ts'
import { holdRevocations } from '../store/revocations.ts'
import { areRevoked } from '../store/revoked-artifacts.ts'
import { type TallyRow, talliesOf } from '../store/tallies.ts'
import { acceptHarm, approveWave, setOutside, wavesOf, withdrawApproval } from '../store/waves.ts'
import { hintWave, openWave } from '../upgrade/open-wave.ts'
import { advanceCampaign } from './advance.ts'
import { announceCampaign, announceStops } from './announce.ts'
import { changeState } from './change-state.ts'
import { closeCampaign } from './close.ts'
import { coverAgain } from './cover-again.ts'
import { countersOf, toWire } from './counters.ts'
import { harmIn } from './gate-of-wave.ts'
import { readCampaign } from './read.ts'

type Input = InputOf<typeof campaignControl>

const ALLOWED: Record<Input['action'], readonly CampaignState[]> = {
  // What is still being planned cannot have been looked at; what runs may come to need it, by growing.
  approve: ['ready', 'running', 'paused'],
  start: ['ready'],
  pause: ['running'],
  resume: ['paused'],
  close: ['running'],
  abort: ['planning', 'ready', 'running', 'paused'],
  advance: ['running'],
}

/** What lets a campaign run. */
const LETS_RUN: ReadonlySet<Input['action']> = new Set(['start', 'resume'])

/** What an operator tells a campaign to do: the state, the journal and the effect in one transaction. */
export async function controlCampaign(parts: Parts, input: Input, traceparent?: string): Promise<Reply<Campaign>> {
  const { campaignId, action } = input
  const reply = await inTransaction(parts, async (tx): Promise<Reply<Campaign>> => {
    if (LETS_RUN.has(action)) await holdRevocations(tx)
    const [campaign] = await lockCampaigns(tx, [campaignId])
    if (campaign === undefined) return refused('not_found', `there is no campaign ${campaignId}`)
    if (!ALLOWED[action].includes(campaign.state)) {
      return refused('campaign_state', `a campaign that is ${campaign.state} cannot ${action}`)
    }
    return (await act(parts, tx, campaign, input, traceparent)) ?? answered(await readCampaign(tx, campaignId))
  })
  if (!reply.ok) return reply

  parts.wakeSweeps()
  let seen = reply.data
  if (action !== 'start' && action !== 'advance') {
    await afterCommit(parts.log, 'campaign.stops.failed', () => announceStops(parts))
  }
  await afterCommit(parts.log, 'campaign.gate.failed', () => advanceCampaign(parts, campaignId))
  await afterCommit(parts.log, 'campaign.news.failed', async () => {
    seen = await readCampaign(parts.sql, campaignId)
    if (action === 'abort') await announceCampaign(parts, campaignId)
  })
  return answered(seen)
}

async function act(
  parts: Parts,
  tx: Queryable,
  campaign: CampaignRow,
  input: Input,
  traceparent: string | undefined,
): Promise<Reply<never> | undefined> {
  const { campaignId } = campaign
  const { action, actor } = input
  const tallies = await talliesOf(tx, [campaignId])
  const counters = countersOf(tallies)
  const reason = input.reason ?? null
  if (LETS_RUN.has(action)) {
    const artifactIds = campaign.path.map(({ artifactId }) => artifactId)
    if (await areRevoked(tx, artifactIds)) return refused('artifact_not_trusted', 'trust in an artifact was withdrawn')
    const uncovered = await coverAgain(parts, tx, campaign, actor, traceparent)
    if (uncovered !== undefined) return uncovered
  }
  const move = (state: CampaignState, why: string | null) =>
    changeState(parts, tx, campaign, { state, reason: why, actor, counters, traceparent })

  switch (action) {
    case 'approve':
      return approveStart(parts, tx, campaign, input, traceparent)
    case 'start': {
      if (campaign.approvalNeeded.length > 0 && campaign.approvedBy === null) {
        return refused(
          'campaign_state',
          `a second person has to approve it first: ${campaign.approvalNeeded.join(', ')}`,
        )
      }
      await move('running', reason)
      const [first] = await wavesOf(tx, [campaignId])
      await openWave(parts, tx, campaign, first!, { actor, reason: reason ?? 'the campaign was started', counters })
      return undefined
    }
    case 'pause':
      await move('paused', reason ?? `paused by ${actor}`)
      return undefined
    case 'resume':
      await takeUpAgain(parts, tx, campaign, actor, tallies)
      await move('running', reason)
      return undefined
    case 'close':
      await closeCampaign(parts, tx, campaign, { actor, reason, counters, traceparent })
      return undefined
    case 'abort':
      await move('aborted', reason ?? `aborted by ${actor}`)
      return undefined
    case 'advance':
      return approveNext(parts, tx, campaign, input, tallies, traceparent)
  }
}

/** Who resumes has seen the figures. Devices that were told to wait meanwhile are hinted again. */
async function takeUpAgain(
  parts: Parts,
  tx: Queryable,
  campaign: CampaignRow,
  actor: string,
  tallies: readonly TallyRow[],
): Promise<void> {
  const { campaignId } = campaign
  for (const wave of await wavesOf(tx, [campaignId])) {
    if (wave.openedAt === null) continue
    const counters = countersOf(tallies.filter((tally) => tally.wave === wave.wave))
    await acceptHarm(tx, wave, await harmIn(tx, campaign, wave, counters, parts.clock.now()))
    // It was given on other figures: with the harm that is known now the next wave is approved anew.
    await withdrawApproval(tx, wave)
    // Whoever is outside is asked afresh, and may be silent as often as at first.
    await setOutside(tx, wave, null, null)
    const reason = 'the campaign was resumed'
    await hintWave(parts, tx, wave, { reason, actor })
  }
}

/** A second person has looked at it, before the start or where it would grow too large: whoever made it cannot. */
async function approveStart(
  parts: Parts,
  tx: Queryable,
  campaign: CampaignRow,
  { actor, reason }: Input,
  traceparent: string | undefined,
): Promise<Reply<never> | undefined> {
  const { campaignId, approvalNeeded, createdBy } = campaign
  if (approvalNeeded.length === 0) return refused('campaign_state', 'nothing waits for an approval')
  if (actor === createdBy) return refused('forbidden', 'another person than who created it has to approve it')
  const at = parts.clock.now()
  if (!(await approveCampaign(tx, campaignId, actor, at))) {
    return refused('campaign_state', `it was approved by ${campaign.approvedBy}`)
  }
  await parts.journal.append(tx, [
    {
      direction: 'note',
      at,
      actor,
      kind: 'campaign.approved',
      campaignId,
      traceparent,
      data: { neededBecause: approvalNeeded, reason: reason ?? null, size: campaign.size },
    },
  ])
  return undefined
}

/** An approval: the gate opens the next wave as soon as its figures and its soak allow it too. */
async function approveNext(
  parts: Parts,
  tx: Queryable,
  campaign: CampaignRow,
  { actor, reason }: Input,
  tallies: readonly TallyRow[],
  traceparent: string | undefined,
): Promise<Reply<never> | undefined> {
  const { campaignId } = campaign
  const waves = await wavesOf(tx, [campaignId])
  const open = waves.find((wave) => wave.state === 'open')
  if (open === undefined || open.wave === waves.length)
    return refused('campaign_state', 'there is no wave after this one')
  const at = parts.clock.now()
  await approveWave(tx, open, at)
  const counters = toWire(countersOf(tallies))
  await parts.journal.append(tx, [
    {
      direction: 'note',
      at,
      actor,
      kind: 'campaign.wave_approved',
      campaignId,
      traceparent,
      data: { wave: open.wave, reason: reason ?? null, counters },
    },
  ])
  return undefined
}
