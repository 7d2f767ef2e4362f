import {
  type Counters,
  type GateAnswer,
  type GateFigures,
  type WaveClock,
  evaluateGate,
  overdueAfterMs,
} from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import type { CampaignRow } from '../store/campaigns.ts'
import { trueSignals } from '../store/signals.ts'
import { type WaveRow, countOverdue } from '../store/waves.ts'
import { type Harm, type Suspicion, harmOf, isMoreHarm } from './accepted-harm.ts'
import { rolloutPolicy } from './complete-policy.ts'
import { toWire } from './counters.ts'

/** What a gate was asked on and what it said: enough to ask it again from the journal alone. */
export interface Decided {
  readonly wave: number
  readonly at: number
  readonly counters: ReturnType<typeof toWire>
  readonly clock: WaveClock
  readonly accepted: Harm | null
  readonly figures: GateFigures
  readonly answer: GateAnswer['kind']
  readonly reason: string | null
}

export interface GateOfWave {
  readonly answer: GateAnswer
  readonly decided: Decided
}

/** Asks a wave's gate, of which `outside` is whether somebody outside has to say go, and has. */
export function askGateOfWave(
  campaign: CampaignRow,
  wave: WaveRow,
  counters: Counters,
  harm: Harm,
  outside: WaveClock['outside'],
  now: number,
): GateOfWave {
  const { openedAt, reachedAt, approvedAt } = wave
  const { advance, size } = campaign.policy.waves[wave.wave - 1]!
  const named = 'devices' in size
  const clock: WaveClock = { advance, named, openedAt, reachedAt, approvedAt, overdue: harm.overdue, outside }
  const answer = acceptKnown(evaluateGate(counters, rolloutPolicy(campaign.policy), clock, now), wave, counters, {
    harm,
    outside,
  })
  const decided: Decided = {
    wave: wave.wave,
    at: now,
    counters: toWire(counters),
    clock,
    accepted: wave.accepted,
    figures: answer.figures,
    answer: answer.kind,
    reason: answer.kind === 'advance' ? null : answer.reason,
  }
  return { answer, decided }
}

/**
 * An operator who resumes a stopped campaign has seen its figures: they do not stop it again, the next harm does.
 * A wave that is all settled then waits for an approval, whatever its rule.
 */
function acceptKnown(
  answer: GateAnswer,
  wave: WaveRow,
  counters: Counters,
  { harm, outside }: { readonly harm: Harm; readonly outside: WaveClock['outside'] },
): GateAnswer {
  if (answer.kind !== 'stop' || wave.accepted === null || isMoreHarm(harm, wave.accepted)) return answer
  const { figures } = answer
  const isAllSettled = counters.pending + counters.in_flight + counters.unproven === 0
  if (!isAllSettled) return { kind: 'wait', reason: 'below_success_threshold', figures }
  if (wave.approvedAt === null) return { kind: 'wait', reason: 'approval', figures }
  return outside === 'waits' ? { kind: 'wait', reason: 'outside', figures } : { kind: 'advance', figures }
}

/** How many of a wave are coming back for too long. */
export function overdueIn(tx: Queryable, campaign: CampaignRow, wave: WaveRow, now: number): Promise<number> {
  return countOverdue(tx, wave, now - overdueAfterMs(wave.medianReturnMs, rolloutPolicy(campaign.policy)))
}

/** Faults that enough devices gave to say that the image is damaged. */
export async function suspicionsOf(tx: Queryable, campaignId: string): Promise<readonly Suspicion[]> {
  return (await trueSignals(tx, [campaignId])).filter(({ kind }) => kind === 'suspect_image')
}

/** All the harm that a wave has come to. */
export async function harmIn(
  tx: Queryable,
  campaign: CampaignRow,
  wave: WaveRow,
  counters: Counters,
  now: number,
): Promise<Harm> {
  const overdue = await overdueIn(tx, campaign, wave, now)
  return harmOf(counters, overdue, await suspicionsOf(tx, campaign.campaignId))
}
