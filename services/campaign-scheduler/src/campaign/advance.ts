import { isDeepStrictEqual } from 'node:util'
import type { GateAnswer, WaveClock } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import { afterCommit } from '../after-commit.ts'
import { asOwner } from '../ownership.ts'
import { OURSELVES, type Parts, toTime } from '../parts.ts'
import { type CampaignRow, askForCheck, findCampaign, lockCampaigns, setCheckAt } from '../store/campaigns.ts'
import { type TallyRow, talliesOf } from '../store/tallies.ts'
import { type WaveRow, acceptHarm, setGate, setOutside, setWaveState, wavesOf } from '../store/waves.ts'
import { hintAgain, openWave } from '../upgrade/open-wave.ts'
import { type Harm, harmOf, isMoreHarm, lowerTo } from './accepted-harm.ts'
import { announceCampaign, announceStops } from './announce.ts'
import { countersOf } from './counters.ts'
import { expiredLeg } from './cover-again.ts'
import { type Decided, askGateOfWave, overdueIn, suspicionsOf } from './gate-of-wave.ts'
import { gateSentence } from './gate-sentence.ts'
import { mayGrow } from './join-late.ts'
import { type HeardAnswer, noteAnswer } from './note-answer.ts'
import { changeState } from './change-state.ts'
import { cancelStragglers } from './close.ts'
import { canaryWaves } from './waves-by-rank.ts'

type Decision = 'none' | 'stopped' | 'advanced' | 'finished'

/** Counters -> gate -> stop, open the next wave, or finish; decided and written with the campaign locked. */
export async function advanceCampaign(parts: Parts, campaignId: string, heard?: HeardAnswer): Promise<void> {
  const seen = await findCampaign(parts.sql, campaignId)
  if (seen === undefined || (seen.state !== 'running' && seen.state !== 'paused')) return
  const decision = await asOwner(parts, campaignId, (tx) => decide(parts, tx, campaignId, heard))
  // Somebody else's: its owner looks at once.
  if (decision === undefined) return askForCheck(parts.sql, campaignId, parts.clock.now())
  if (decision !== 'none') parts.metrics.gates.add(1, { decision })
  if (decision === 'advanced') parts.wakeSweeps()
  if (decision === 'stopped') await afterCommit(parts.log, 'campaign.stops.failed', () => announceStops(parts))
  if (decision === 'none') parts.campaignMoved(campaignId)
  else await afterCommit(parts.log, 'campaign.news.failed', () => announceCampaign(parts, campaignId))
}

async function decide(
  parts: Parts,
  tx: Queryable,
  campaignId: string,
  heard: HeardAnswer | undefined,
): Promise<Decision> {
  const [campaign] = await lockCampaigns(tx, [campaignId])
  if (campaign?.state !== 'running' && campaign?.state !== 'paused') return 'none'
  const now = parts.clock.now()
  const waves = await wavesOf(tx, [campaignId])
  const tallies = await talliesOf(tx, [campaignId])
  const opened = waves.filter((wave) => wave.openedAt !== null)
  // Whose word may still be on its way is not overdue; what is known to be hurt stops the campaign all the same.
  const isHolding = parts.pulse.isHolding()
  let checkAt = isHolding ? now : now + parts.settings.gateEveryMs

  const suspicions = await suspicionsOf(tx, campaignId)
  const suspect = suspicions.find(({ subject, devices }) => devices > acceptedSuspects(opened, subject))
  if (suspect !== undefined && campaign.state === 'running') {
    const reason = `${suspect.devices} devices refused the image with fault ${suspect.subject}: it may be damaged`
    return stop(parts, tx, campaign, 'paused', reason, tallies)
  }
  const expired = expiredLeg(campaign.path, now)
  if (expired !== undefined && campaign.state === 'running') {
    const reason = `the release of ${expired.version} expired ${toTime(expired.release!.expiresAt)}`
    return stop(parts, tx, campaign, 'paused', reason, tallies)
  }
  for (const wave of opened) {
    const next = waves.find((other) => other.wave === wave.wave + 1)
    const counters = countersOf(tallies.filter((tally) => tally.wave === wave.wave))
    const overdue = isHolding ? 0 : await overdueIn(tx, campaign, wave, now)
    const harm = harmOf(counters, overdue, suspicions)
    const word = heard?.wave === wave.wave && heard.turn === wave.askOutsideAt ? heard : undefined
    const outside = outsideOf(campaign, wave, next, word, harm)
    const { answer, decided } = askGateOfWave(campaign, wave, counters, harm, outside, now)
    if (isHolding && answer.kind !== 'stop') continue
    if (!isHolding) await lowerAccepted(tx, wave, harm)
    const sentence = gateSentence(wave, counters, answer)
    const reachedAt = answer.figures.reached ? (wave.reachedAt ?? now) : null
    await setGate(tx, wave, sentence, reachedAt)

    if (answer.kind === 'stop' && !isMoot(wave, answer)) {
      const state = answer.action === 'abort' ? 'aborted' : 'paused'
      if (campaign.state !== state) return stop(parts, tx, campaign, state, sentence, tallies, decided)
    }
    if (answer.kind === 'wait' && 'until' in answer) checkAt = Math.min(checkAt, answer.until)
    if (wave.state !== 'open' || campaign.state !== 'running') continue
    const waitsOutside = outside !== 'not_asked' && (answer.kind === 'advance' || answer.reason === 'outside')
    if (waitsOutside && word !== undefined) {
      const halt = await noteAnswer(parts, tx, campaign, wave, word)
      const state = halt?.action === 'abort' ? 'aborted' : 'paused'
      if (halt !== undefined) return stop(parts, tx, campaign, state, halt.reason, tallies, decided)
    }
    if (answer.kind === 'advance' && !waitsForJoiners(campaign, wave, now)) {
      if (next !== undefined) return openNext(parts, tx, campaign, next, sentence, tallies, decided)
      await setWaveState(tx, wave, 'passed')
    }
    if (waitsOutside !== (wave.askOutsideAt !== null)) await setOutside(tx, wave, waitsOutside ? now : null, null)
  }
  if (campaign.state === 'running' && isOver(waves, tallies) && !mayGrow(campaign, now))
    return finish(parts, tx, campaign, tallies)
  if (campaign.state === 'running') await cancelStragglers(parts, tx, campaign, waves, tallies)
  if (campaign.state === 'running') await hintAgain(parts, tx, opened)
  await setCheckAt(tx, campaignId, checkAt)
  return 'none'
}

/** A wave that nobody is in proves nothing to those who may yet join; a person may say otherwise. */
function waitsForJoiners(campaign: CampaignRow, wave: WaveRow, now: number): boolean {
  const mayFill = wave.size === 0 && wave.wave > canaryWaves(campaign.policy.waves)
  return mayFill && mayGrow(campaign, now) && wave.approvedAt === null
}

/** That all have settled and too few of them well asks whether to go on: a closed campaign does not. */
function isMoot(wave: WaveRow, answer: GateAnswer & { kind: 'stop' }): boolean {
  return wave.state === 'stopped' && (answer.reason === 'below_success_threshold' || answer.reason === 'nothing_proven')
}

/** Whether somebody outside has to say go, and has: on figures that were no better than those of now. */
function outsideOf(
  campaign: CampaignRow,
  wave: WaveRow,
  next: WaveRow | undefined,
  word: HeardAnswer | undefined,
  harm: Harm,
): WaveClock['outside'] {
  if (campaign.policy.gate.external === undefined || next === undefined || wave.state !== 'open') return 'not_asked'
  return word?.reply.kind === 'go' && !isMoreHarm(harm, word.harm) ? 'go' : 'waits'
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
  decided?: Decided,
): Promise<Decision> {
  await changeState(parts, tx, campaign, { state, reason, actor: OURSELVES, counters: countersOf(tallies), decided })
  return 'stopped'
}

async function openNext(
  parts: Parts,
  tx: Queryable,
  campaign: CampaignRow,
  next: WaveRow,
  reason: string,
  tallies: readonly TallyRow[],
  decided: Decided,
): Promise<Decision> {
  await openWave(parts, tx, campaign, next, { actor: OURSELVES, reason, counters: countersOf(tallies), decided })
  // An empty wave, or one that is through already, passes at the next look.
  await setCheckAt(tx, campaign.campaignId, parts.clock.now())
  return 'advanced'
}

/** Nothing waits and nothing runs, in any wave. */
function isOver(waves: readonly WaveRow[], tallies: readonly TallyRow[]): boolean {
  const counters = countersOf(tallies)
  const open = counters.pending + counters.in_flight + counters.unproven
  return open === 0 && waves.every((wave) => wave.openedAt !== null || wave.state === 'stopped' || wave.size === 0)
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
