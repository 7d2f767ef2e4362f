import type { Attempt } from './attempt.ts'
import type { Effect } from './effects.ts'
import type { Verdict } from './judge.ts'
import { targetSince } from './judge-target.ts'
import { failed } from './judge.ts'
import type { Policy } from './policy.ts'
import type { FailedTry, RetryRule } from './retry-after.ts'
import { retryAfter } from './retry-after.ts'
import { wasDownBefore } from './stand-still.ts'
import type { CancellableState, Outcome, Upgrade, UpgradeCore } from './upgrade.ts'

type Moved = { upgrade: Upgrade; effects: Effect[] }

/** Moves an upgrade to where a verdict puts it, from where it is. */
export function settleBy(upgrade: Upgrade, attempt: Attempt, verdict: Verdict, at: number, policy: Policy): Moved {
  switch (upgrade.state) {
    case 'pending':
      return { upgrade, effects: [] }
    case 'retry':
      if (verdict.kind === 'try_failed') return reconsider(upgrade, attempt, verdict, at, policy)
      return { upgrade: afterTheTry(upgrade, attempt, verdict, at) ?? { ...upgrade, last: attempt }, effects: [] }
    case 'settled':
      return { upgrade: reopen(upgrade, attempt, verdict, at), effects: [] }
    case 'verifying':
      if (upgrade.late)
        return { upgrade: afterTheTry(upgrade, attempt, verdict, at) ?? { ...upgrade, attempt }, effects: [] }
      return whileOpen(upgrade, attempt, verdict, at, policy)
    case 'offered':
    case 'in_doubt':
    case 'accepted':
    case 'transferring':
    case 'returning':
    case 'cancelling':
      return whileOpen(upgrade, attempt, verdict, at, policy)
  }
}

/** Final at once where nothing was offered, or another campaign took the device over. */
export function settle(upgrade: UpgradeCore, last: Attempt | null, outcome: Outcome, at: number): Upgrade {
  return {
    ...coreOf(upgrade),
    state: 'settled',
    outcome,
    settledAt: at,
    final: last === null || outcome.kind === 'superseded',
    last,
  }
}

function whileOpen(upgrade: Upgrade, attempt: Attempt, verdict: Verdict, at: number, policy: Policy): Moved {
  switch (verdict.kind) {
    case 'stage': {
      const core = coreOf(upgrade)
      const moved: Upgrade =
        verdict.cancelling && verdict.stage !== 'returning'
          ? { ...core, state: 'cancelling', attempt, back: verdict.stage satisfies CancellableState }
          : { ...core, state: verdict.stage, attempt }
      return { upgrade: moved, effects: [] }
    }
    case 'verifying':
      return { upgrade: { ...coreOf(upgrade), state: 'verifying', attempt, late: false }, effects: [] }
    case 'outcome':
      return { upgrade: settle(upgrade, attempt, verdict.outcome, at), effects: [] }
    case 'try_failed':
      return retryOrFail(upgrade, attempt, verdict, at, policy)
  }
}

function retryOrFail(
  upgrade: Upgrade,
  attempt: Attempt,
  verdict: Verdict & { kind: 'try_failed' },
  at: number,
  policy: Policy,
): Moved {
  const failedTry = failedTryOf(attempt, verdict, at)
  const { attemptId, faultCode } = failedTry
  const answer = retryAfter(failedTry, upgrade.tries, policy)
  const ended = { attemptId, at, faultCode, charged: answer.charged, reason: answer.rule }
  const core = { ...coreOf(upgrade), tries: [...upgrade.tries, ended] }
  if (answer.kind === 'give_up')
    return {
      upgrade: settle(core, attempt, failed(verdict.reason, verdict.fault).outcome, at),
      effects: answer.effects,
    }
  return {
    upgrade: { ...core, ...toldNext(core, answer.with), state: 'retry', retryAt: answer.at, last: attempt },
    effects: answer.effects,
  }
}

/** How the next try is told, after what this one was told was refused. */
function toldNext(
  { downloadArguments }: UpgradeCore,
  how: RetryRule['with'],
): Partial<Pick<UpgradeCore, 'downloadArguments' | 'scheduleRefused'>> {
  if (how === 'plain_download') return { scheduleRefused: true }
  return how === 'other_arguments' ? { downloadArguments: otherThan(downloadArguments) } : {}
}

/** A fact that came after the fault may show whose fault it was: then this try counts as if it had come before. */
function reconsider(
  upgrade: Upgrade & { state: 'retry' },
  attempt: Attempt,
  verdict: Verdict & { kind: 'try_failed' },
  at: number,
  policy: Policy,
): Moved {
  const ended = upgrade.tries.at(-1)!
  const history = upgrade.tries.slice(0, -1)
  const answer = retryAfter(failedTryOf(attempt, verdict, at), history, policy)
  if (answer.rule === ended.reason && answer.charged === ended.charged)
    return { upgrade: { ...upgrade, last: attempt }, effects: [] }
  const tries = [...history, { ...ended, charged: answer.charged, reason: answer.rule }]
  if (answer.kind === 'retry') return { upgrade: { ...upgrade, tries, last: attempt }, effects: answer.effects }
  const { outcome } = failed(verdict.reason, verdict.fault)
  return { upgrade: settle({ ...upgrade, tries }, attempt, outcome, at), effects: answer.effects }
}

function failedTryOf(attempt: Attempt, { fault, where }: Verdict & { kind: 'try_failed' }, at: number): FailedTry {
  return {
    attemptId: attempt.attemptId,
    at: fault?.at ?? at,
    faultCode: fault?.faultCode ?? null,
    where,
    refusedByUs: attempt.refusedByUs?.reason ?? null,
    servedWhole: attempt.lastByteAt !== null,
    wasExcused: wasDownBefore(fault?.at ?? at, attempt),
    scheduledUntil: attempt.schedule?.until ?? null,
    zone: attempt.zone ?? null,
  }
}

/** A closed try can still turn out to have worked, or to have hurt; it never runs again. */
function afterTheTry(upgrade: Upgrade, attempt: Attempt, verdict: Verdict, at: number): Upgrade | null {
  if (verdict.kind === 'verifying') return { ...coreOf(upgrade), state: 'verifying', attempt, late: true }
  return verdict.kind === 'outcome' ? settle(upgrade, attempt, verdict.outcome, at) : null
}

/** Late facts reopen any outcome after an offer, except where they say less than what is known. */
function reopen(upgrade: Upgrade & { state: 'settled' }, attempt: Attempt, verdict: Verdict, at: number): Upgrade {
  const kept: Upgrade = { ...upgrade, last: attempt }
  const { outcome } = upgrade
  const next = lateOutcome(verdict)
  // A report that falls between two others may have moved the start of the soak: then what was proven is open again.
  const sameProof = upgrade.last !== null && targetSince(upgrade.last) === targetSince(attempt)
  if (next === 'verifying')
    return isSuccess(outcome) && sameProof ? kept : { ...coreOf(upgrade), state: 'verifying', attempt, late: true }
  if (next === null)
    return outcome.kind === 'timed_out' ? { ...kept, outcome: heardFrom(outcome, attempt, upgrade.settledAt) } : kept
  return saysLess(next, outcome, sameProof) ? kept : change(upgrade, attempt, next, at)
}

function lateOutcome(verdict: Verdict): Outcome | 'verifying' | null {
  if (verdict.kind === 'outcome') return verdict.outcome
  if (verdict.kind === 'verifying') return 'verifying'
  if (verdict.kind === 'stage' || verdict.where === 'lost') return null
  return failed(verdict.reason, verdict.fault).outcome
}

function saysLess(next: Outcome, known: Outcome, sameProof: boolean): boolean {
  switch (known.kind) {
    case 'verified':
    case 'verified_config_lost':
      // A reading days after the proof is the subscriber's doing, not the upgrade's.
      return sameProof && (next.kind === 'timed_out' || isNotProvisioned(next))
    case 'regressed':
      return sameProof && next.kind === 'rolled_back'
    case 'rolled_back':
    case 'failed':
      return next.kind === 'cancelled'
    case 'cancelled':
    case 'superseded':
    case 'skipped':
      return !isProof(next)
    case 'declined':
    case 'timed_out':
      return false
  }
}

const isSuccess = ({ kind }: Outcome): boolean => kind === 'verified' || kind === 'verified_config_lost'
const isNotProvisioned = (outcome: Outcome): boolean =>
  outcome.kind === 'failed' && outcome.reason === 'not_provisioned'

/** What reopens even an upgrade that was taken back: the device did get the image. */
function isProof(outcome: Outcome): boolean {
  return isSuccess(outcome) || outcome.kind === 'rolled_back' || outcome.kind === 'regressed'
}

function change(upgrade: Upgrade & { state: 'settled' }, attempt: Attempt, outcome: Outcome, at: number): Upgrade {
  const same = JSON.stringify(outcome) === JSON.stringify(upgrade.outcome)
  return same ? { ...upgrade, last: attempt } : settle(upgrade, attempt, outcome, at)
}

function heardFrom(outcome: Outcome & { kind: 'timed_out' }, attempt: Attempt, since: number): Outcome {
  const heard = [attempt.onOld, attempt.onTarget, attempt.onOther].some((span) => span !== null && span.lastAt > since)
  return heard ? { ...outcome, contact: 'stalled' } : outcome
}

const otherThan = (used: 'usual' | 'other') => (used === 'usual' ? 'other' : 'usual')

/** The fields every state has. */
export function coreOf(upgrade: UpgradeCore): UpgradeCore {
  const {
    upgradeId,
    campaignId,
    deviceKey,
    version,
    targetVersions,
    fromVersion,
    imageBytes,
    hosting,
    steppingStone,
    downloadArguments,
    scheduleRefused,
    attempts,
    tries,
    annotations,
    dueAt,
  } = upgrade
  return {
    upgradeId,
    campaignId,
    deviceKey,
    version,
    targetVersions,
    fromVersion,
    imageBytes,
    hosting,
    ...(steppingStone && { steppingStone }),
    downloadArguments,
    ...(scheduleRefused && { scheduleRefused }),
    attempts,
    tries,
    annotations,
    dueAt,
  }
}
