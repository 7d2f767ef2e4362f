import { type PolicyDraft, PolicySchema, campaignCreate, check } from '@sluice/contracts'
import { defaultPolicy, evaluateGate, noCounters } from '@sluice/rollout'
import { createIds } from '@sluice/runtime'
import { describe, expect, test } from 'vitest'
import { asDraft, completePolicy, rolloutPolicy } from './complete-policy.ts'

/** As it comes over the bus. */
function complete(policy: PolicyDraft) {
  const draft = { name: 'test', artifactId: createIds().artifact(), targets: {}, policy }
  const read = check(campaignCreate.input, { draft, actor: 'user:test' })
  if (read.kind === 'invalid') throw new Error(read.detail)
  const completed = completePolicy(read.value.draft.policy)
  if (completed.kind === 'wrong') throw new Error(completed.detail)
  return completed.policy
}

const withLimits = (limits: NonNullable<NonNullable<PolicyDraft['gate']>['limits']>) => complete({ gate: { limits } })

describe('limits', () => {
  test('who sets one keeps the defaults of the others', () => {
    expect(withLimits({ hard: 5 }).gate.limits).toEqual({ hard: 5, configLost: 0.01, overdue: 50 })
    expect(withLimits({}).gate.limits).toEqual(defaultPolicy.gate.limits)
    expect(complete({ gate: { minSettled: 3 } }).gate.limits).toEqual(defaultPolicy.gate.limits)
    expect(withLimits({ overdue: 0, configLost: 0.2 }).gate.limits).toEqual({ overdue: 0, configLost: 0.2 })
  })

  test('one that is null is none, and what is kept of it is a policy', () => {
    const all = { hard: null, silent: null, stalled: null, overdue: null, configLost: null }
    const policy = withLimits(all)
    expect(check(PolicySchema, policy)).toMatchObject({ kind: 'valid' })
    const counters = { ...noCounters, in_flight: 60, config_lost: 100 }
    const clock = { advance: 'auto', named: false, openedAt: 0, reachedAt: null, approvedAt: null } as const
    const answerTo = (limits: Parameters<typeof withLimits>[0]) =>
      evaluateGate(counters, rolloutPolicy(withLimits(limits)), { ...clock, overdue: 60, outside: 'not_asked' }, 0)
    expect(answerTo(all)).toMatchObject({ kind: 'wait', reason: 'soaking' })
    expect(answerTo({})).toMatchObject({ kind: 'stop', reason: 'limit_config_lost' })
    expect(answerTo({ overdue: null })).toMatchObject({ kind: 'stop', reason: 'limit_config_lost' })
    expect(answerTo({ configLost: null })).toMatchObject({ kind: 'stop', reason: 'overdue' })
    expect(answerTo({ configLost: null, hard: 5 })).toMatchObject({ kind: 'stop', reason: 'overdue' })
  })

  test('a policy that is kept makes the same one again, with the limits that it lacks', () => {
    for (const policy of [complete({}), withLimits({ hard: 1, overdue: null }), withLimits({ configLost: null })]) {
      expect(complete(asDraft(policy))).toEqual(policy)
    }
  })
})
