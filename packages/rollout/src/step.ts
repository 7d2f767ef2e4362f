import { isDeepStrictEqual } from 'node:util'

import { absorb } from './absorb.ts'
import { annotationsOf } from './annotate.ts'
import type { Attempt } from './attempt.ts'
import { openTry } from './attempt.ts'
import { dueAt } from './due-at.ts'
import { effectsBetween } from './effects-between.ts'
import type { Effect, Ignored } from './effects.ts'
import type { Fact } from './facts.ts'
import { judge } from './judge.ts'
import type { Policy } from './policy.ts'
import { retarget } from './retarget.ts'
import { coreOf, settle, settleBy } from './settle.ts'
import { nothingRead } from './snapshot.ts'
import type { Upgrade } from './upgrade.ts'

export interface Step {
  upgrade: Upgrade
  effects: Effect[]
  ignored?: Ignored
}

/**
 * The machine. Total: every fact in every state has an answer, "ignored, because" included, and then the
 * upgrade is the same object. Evidence first (`absorb`), then what it says (`judge`), then the state.
 */
export function step(upgrade: Upgrade, fact: Fact, policy: Policy): Step {
  const next = answer(upgrade, fact, policy)
  if (typeof next === 'string') return { upgrade, effects: [], ignored: next }
  const annotated = { ...next.upgrade, annotations: annotationsOf(next.upgrade) }
  const due = { ...annotated, dueAt: dueAt(annotated, policy) }
  if (isDeepStrictEqual(due, upgrade)) return { upgrade, effects: [], ignored: 'no_news' }
  return {
    upgrade: { ...due, version: upgrade.version + 1 },
    effects: [...next.effects, ...effectsBetween(upgrade, due)],
  }
}

type Answer = { upgrade: Upgrade; effects: Effect[] } | Ignored

function answer(upgrade: Upgrade, fact: Fact, policy: Policy): Answer {
  switch (fact.kind) {
    case 'claim_committed':
      return offer(upgrade, fact, policy)
    case 'withdrawn':
      return withdraw(upgrade, fact)
    case 'time_passed':
      if (upgrade.dueAt === null || fact.at < upgrade.dueAt) return 'not_due'
      if (upgrade.state === 'settled') return { upgrade: { ...upgrade, final: true }, effects: [] }
      return learn(upgrade, fact, policy)
    case 'cancel_requested':
    case 'artifact_revoked':
      return stop(upgrade, fact, policy)
    case 'informed':
    case 'download_answered':
    case 'download_faulted':
    case 'download_unanswered':
    case 'transfer_completed':
    case 'queued_transfers_listed':
    case 'queued_transfers_unsupported':
    case 'cancel_answered':
    case 'snapshot_read':
    case 'checks_read':
    case 'settings_restored':
    case 'first_byte_served':
    case 'last_byte_served':
    case 'download_refused':
      return learn(upgrade, fact, policy)
  }
}

function offer(upgrade: Upgrade, fact: Fact & { kind: 'claim_committed' }, policy: Policy): Answer {
  if (upgrade.tries.some((past) => past.attemptId === fact.attemptId)) return 'other_attempt'
  if (upgrade.state === 'settled') return 'already_settled'
  if (upgrade.state !== 'pending' && upgrade.state !== 'retry') return 'already_offered'
  const { release, slowness, delayMs, zone, schedule } = fact
  const core = release === undefined ? coreOf(upgrade) : retarget(coreOf(upgrade), release)
  const attempt = openTry({
    attemptId: fact.attemptId,
    offeredAt: fact.at,
    fromVersion: fact.fromVersion,
    sameVersion: core.targetVersions.includes(fact.fromVersion),
    before: fact.snapshotBefore ?? nothingRead,
    ...(slowness && { slowness }),
    ...(delayMs !== undefined && { delayMs }),
    ...(zone !== undefined && { zone }),
    ...(schedule && { schedule }),
    ...(fact.hasChecks && policy.checkAfterSoak !== false && { expectsChecks: true }),
    ...(fact.settingsKept && policy.restoreSettings && { keepsSettings: true }),
  })
  const hasRefused = upgrade.tries.some(({ reason }) => reason === 'arguments_refused')
  return {
    upgrade: {
      ...core,
      downloadArguments: hasRefused ? core.downloadArguments : (fact.downloadArguments ?? core.downloadArguments),
      fromVersion: fact.fromVersion,
      attempts: upgrade.attempts + 1,
      state: 'offered',
      attempt,
    },
    effects: [],
  }
}

/** Takes back what was not offered yet. A settled upgrade that a later campaign takes over becomes final. */
function withdraw(upgrade: Upgrade, fact: Fact & { kind: 'withdrawn' }): Answer {
  if (upgrade.state === 'settled' && fact.reason === 'superseded' && !upgrade.final)
    return { upgrade: { ...upgrade, final: true }, effects: [] }
  if (upgrade.state === 'settled') return 'already_settled'
  if (upgrade.state !== 'pending' && upgrade.state !== 'retry') return 'already_offered'
  return {
    upgrade: settle(upgrade, lastAttempt(upgrade), { kind: fact.reason, reason: fact.detail }, fact.at),
    effects: [],
  }
}

/**
 * Before an offer: cancelled at once. While a cancel can still help: ask the device. After that it runs on, and the
 * wish is kept: should this try fail, there is no other.
 */
function stop(
  upgrade: Upgrade,
  fact: Fact & { kind: 'cancel_requested' | 'artifact_revoked' },
  policy: Policy,
): Answer {
  switch (upgrade.state) {
    case 'pending':
    case 'retry': {
      const reason = fact.kind === 'artifact_revoked' ? 'artifact_revoked' : 'requested'
      return { upgrade: settle(upgrade, lastAttempt(upgrade), { kind: 'cancelled', reason }, fact.at), effects: [] }
    }
    case 'settled':
      return 'already_settled'
    case 'verifying':
      return upgrade.late ? 'too_late_to_cancel' : learn(upgrade, fact, policy)
    case 'returning':
    case 'offered':
    case 'in_doubt':
    case 'accepted':
    case 'transferring':
    case 'cancelling':
      return learn(upgrade, fact, policy)
  }
}

function learn(upgrade: Upgrade, fact: Fact, policy: Policy): Answer {
  const attempt = lastAttempt(upgrade)
  if (!attempt) return upgrade.state === 'settled' ? 'final' : 'not_offered'
  if (upgrade.state === 'settled' && upgrade.final) return 'final'
  const learnt = absorb(attempt, fact, upgrade.targetVersions)
  if (typeof learnt === 'string') return learnt
  if (isDeepStrictEqual(learnt, attempt)) return 'no_news'
  return settleBy(upgrade, learnt, judge(upgrade, learnt, policy), fact.at, policy)
}

export function lastAttempt(upgrade: Upgrade): Attempt | null {
  if (upgrade.state === 'pending') return null
  return upgrade.state === 'retry' || upgrade.state === 'settled' ? upgrade.last : upgrade.attempt
}
