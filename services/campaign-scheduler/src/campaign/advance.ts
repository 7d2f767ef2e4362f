import { isDeepStrictEqual } from 'node:util'
import { type Counters, type GateAnswer, evaluateGate, overdueAfterMs } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import { afterCommit } from '../after-commit.ts'
import { inTransaction } from '../in-transaction.ts'
import { OURSELVES, type Parts } from '../parts.ts'
import { type CampaignRow, findCampaign, lockCampaigns, setCheckAt } from '../store/campaigns.ts'
import { trueSignals } from '../store/signals.ts'
import { type TallyRow, talliesOf } from '../store/tallies.ts'
import { type WaveRow, acceptHarm, countOverdue, setGate, setWaveState, wavesOf } from '../store/waves.ts'
import { openWave } from '../upgrade/open-wave.ts'
import { type Harm, harmOf, isMoreHarm, lowerTo } from './accepted-harm.ts'
import { announceCampaign, announceStops } from './announce.ts'
import { rolloutPolicy } from './complete-policy.ts'
import { countersOf } from './counters.ts'
import { gateSentence } from './gate-sentence.ts'
import { changeState } from './change-state.ts'

type Decision = 'none' | 'stopped' | 'advanced' | 'finished'

/** Counters -> gate -> stop, open the next wave, or finish; decided and written with the campaign locked. */
export async function advanceCampaign(parts: Parts, campaignId: string): Promise<void> {
  const seen = await findCampaign(parts.sql, campaignId)
  if (seen === undefined || (seen.state !== 'running' && seen.state !== 'paused')) return
  const decision = await inTransaction(parts, (tx) => decide(parts, tx, campaignId))
  if (decision !== 'none') parts.metrics.gates.add(1, { decision })
  if (decision === 'advanced') parts.wakeSweeps()
  if (decision === 'stopped') await afterCommit(parts.log, 'campaign.stops.failed', () => announceStops(parts))
  if (decision === 'none') parts.campaignMoved(campaignId)
  else await afterCommit(parts.log, 'campaign.news.failed', () => announceCampaign(parts, campaignId))
}

async function decide(parts: Parts, tx: Queryable, campaignId: string): Promise<Decision> {
  const [campaign] = await lockCampaigns(tx, [campaignId])
  if (campaign?.state !== 'running' && campaign?.state !== 'paused') return 'none'
  const now = parts.clock.now()
  const waves = await wavesOf(tx, [campaignId])
  const tallies = await talliesOf(tx, [campaignId])
  const opened = waves.filter((wave) => wave.openedAt !== null)
  // Whose word may still be on its way is not overdue; what is known to be hurt stops the campaign all the same.
  const isHolding = parts.pulse.isHolding()
  let checkAt = isHolding ? now : now + parts.settings.gateEveryMs

  const suspicions = (await trueSignals(tx, [campaignId])).filter(({ kind }) => kind === 'suspect_image')
  const suspect = suspicions.find(({ subject, devices }) => devices > acceptedSuspects(opened, subject))
  if (suspect !== undefined && campaign.state === 'running') {
    const reason = `${suspect.devices} devices refused the image with fault ${suspect.subject}: it may be damaged`
    return stop(parts, tx, campaign, 'paused', reason, tallies)
  }
  for (const wave of opened) {
    const counters = countersOf(tallies.filter((tally) => tally.wave === wave.wave))
    const overdue = isHolding ? 0 : await overdueIn(tx, campaign, wave, now)
    const harm = harmOf(counters, overdue, suspicions)
    const answer = acceptKnown(askGate(campaign, wave, counters, overdue, now), wave, counters, harm)
    if (isHolding && answer.kind !== 'stop') continue
    if (!isHolding) await lowerAccepted(tx, wave, harm)
    const sentence = gateSentence(wave, counters, answer)
    const reachedAt = answer.figures.reached ? (wave.reachedAt ?? now) : null
    await setGate(tx, wave, sentence, reachedAt)

    if (answer.kind === 'stop') {
      const state = answer.action === 'abort' ? 'aborted' : 'paused'
      if (campaign.state !== state) return stop(parts, tx, campaign, state, sentence, tallies)
    }
    if (answer.kind === 'wait' && answer.reason === 'soaking') checkAt = Math.min(checkAt, answer.until)
    if (answer.kind === 'advance' && wave.state === 'open' && campaign.state === 'running') {
      const next = waves.find((other) => other.wave === wave.wave + 1)
      if (next !== undefined) return openNext(parts, tx, campaign, next, sentence, tallies)
      await setWaveState(tx, wave, 'passed')
    }
  }
  if (campaign.state === 'running' && isOver(waves, tallies)) return finish(parts, tx, campaign, tallies)
  await setCheckAt(tx, campaignId, checkAt)
  return 'none'
}

function askGate(campaign: CampaignRow, wave: WaveRow, counters: Counters, overdue: number, now: number): GateAnswer {
  const { advance, reachedAt, approvedAt } = wave
  return evaluateGate(counters, rolloutPolicy(campaign.policy), { advance, reachedAt, approvedAt, overdue }, now)
}

/** How many of a wave are coming back for too long. */
export function overdueIn(tx: Queryable, campaign: CampaignRow, wave: WaveRow, now: number): Promise<number> {
  return countOverdue(tx, wave, now - overdueAfterMs(wave.medianReturnMs, rolloutPolicy(campaign.policy)))
}

/**
 * An operator who resumes a stopped campaign has seen its figures: they do not stop it again, the next harm does.
 * A wave that is all settled then waits for an approval, whatever its rule.
 */
function acceptKnown(answer: GateAnswer, wave: WaveRow, counters: Counters, harm: Harm): GateAnswer {
  if (answer.kind !== 'stop' || wave.accepted === null || isMoreHarm(harm, wave.accepted)) return answer
  const { figures } = answer
  const isAllSettled = counters.pending + counters.in_flight + counters.unproven === 0
  if (!isAllSettled) return { kind: 'wait', reason: 'below_success_threshold', figures }
  return wave.approvedAt === null ? { kind: 'wait', reason: 'approval', figures } : { kind: 'advance', figures }
}

/** The brake takes hold again of what has turned out well since the resume. */
async function lowerAccepted(tx: Queryable, wave: WaveRow, harm: Harm): Promise<void> {
  if (wave.accepted === null) return
  const lowered = lowerTo(harm, wave.accepted)
  if (!isDeepStrictEqual(lowered, wave.accepted)) await acceptHarm(tx, wave, lowered)
}

const acceptedSuspects = (opened: readonly WaveRow[], fault: string): number =>
  Math.max(0, ...opened.map(({ accepted }) => accepted?.suspects[fault] ?? 0))

async function stop(
  parts: Parts,
  tx: Queryable,
  campaign: CampaignRow,
  state: 'paused' | 'aborted',
  reason: string,
  tallies: readonly TallyRow[],
): Promise<Decision> {
  await changeState(parts, tx, campaign, { state, reason, actor: OURSELVES, counters: countersOf(tallies) })
  return 'stopped'
}

async function openNext(
  parts: Parts,
  tx: Queryable,
  campaign: CampaignRow,
  next: WaveRow,
  reason: string,
  tallies: readonly TallyRow[],
): Promise<Decision> {
  await openWave(parts, tx, campaign, next, { actor: OURSELVES, reason, counters: countersOf(tallies) })
  // An empty wave, or one that is through already, passes at the next look.
  await setCheckAt(tx, campaign.campaignId, parts.clock.now())
  return 'advanced'
}

/** Nothing waits and nothing runs, in any wave. */
function isOver(waves: readonly WaveRow[], tallies: readonly TallyRow[]): boolean {
  const counters = countersOf(tallies)
  const open = counters.pending + counters.in_flight + counters.unproven
  return open === 0 && waves.every((wave) => wave.openedAt !== null || wave.size === 0)
}

async function finish(
  parts: Parts,
  tx: Queryable,
  campaign: CampaignRow,
  tallies: readonly TallyRow[],
): Promise<Decision> {
  const reason = 'every upgrade has an outcome'
  await changeState(parts, tx, campaign, { state: 'finished', reason, actor: OURSELVES, counters: countersOf(tallies) })
  return 'finished'
}
