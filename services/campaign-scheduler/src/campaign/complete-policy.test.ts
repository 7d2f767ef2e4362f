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

test('a subscriber’s browser is sent to an absolute http or https URL with nobody’s password, or the policy is refused', () => {
  const longest = `https://portal.example.net/${'x'.repeat(256 - 27)}`
  for (const url of [
    'http://portal/ok',
    'HTTPS://portal.example.net:8443/done?session=1#top',
    'http://[2001:db8::1]/',
    longest,
  ]) {
    const delivery = { method: 'download', successUrl: url, failureUrl: url } as const
    expect(complete({ delivery }).delivery).toEqual(delivery)
  }
  const refused = [
    '',
    'ok',
    '/ok',
    '//portal/ok',
    'http:portal/ok',
    'http://',
    'ftp://portal/ok',
    'javascript:alert(1)',
    'data:text/html,x',
    'http://portal/a b',
    ' http://portal/ok',
    'http://portal/ok\r\nX: y',
    'http://pörtal/ok',
    'http://ann@portal/ok',
    'http://ann:pw@portal/ok',
    'http://:pw@portal/ok',
    `${longest}x`,
  ]
  for (const name of ['successUrl', 'failureUrl']) {
    for (const url of refused) {
      expect(() => complete({ delivery: { method: 'download', [name]: url } }), url).toThrow(name)
    }
    const secret = () => complete({ delivery: { method: 'download', [name]: 'http://ann:hidden@portal/ok' } })
    expect(secret).toThrow(/holds a name or a password$/)
  }
})

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
