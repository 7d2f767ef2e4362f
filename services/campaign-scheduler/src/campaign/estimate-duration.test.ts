import { expect, test } from 'vitest'
import { completePolicy } from './complete-policy.ts'
import { estimateDuration } from './estimate-duration.ts'

const DAY = 86_400_000
const MEGABYTE = 1_000_000

function policy(draft: Parameters<typeof completePolicy>[0]) {
  const completed = completePolicy(draft)
  if (completed.kind === 'wrong') throw new Error(completed.detail)
  return completed.policy
}

test('what binds most decides, and is named', () => {
  const one = { waves: [{ size: { percent: 100 }, advance: 'auto' as const }] }
  const bound = (caps: object, size: number) =>
    estimateDuration(policy({ ...one, caps }), [size], 10 * MEGABYTE).boundBy
  expect(bound({}, 10)).toBe('devices show up once a day')
  expect(bound({ inFlight: 10 }, 100_000)).toBe('10 in flight at once')
  expect(bound({ unproven: 10 }, 100_000)).toBe('10 unproven at once')
  expect(bound({ startsPerMinute: 1 }, 100_000)).toBe('1 starts per minute')
  expect(bound({ egressBitsPerSecond: 1_000_000 }, 100_000)).toBe('1000000 bits per second')
})

test('windows stretch what caps bind, and each wave adds its soak', () => {
  const caps = { inFlight: 10 }
  const always = estimateDuration(policy({ caps }), [10_000], MEGABYTE)
  const windows = [{ zone: 'UTC', from: '00:00', to: '06:00' }]
  const nightly = estimateDuration(policy({ caps, windows }), [10_000], MEGABYTE)
  expect(nightly.ms).toBeGreaterThan(always.ms * 3.9)
  expect(nightly.boundBy).toBe('10 in flight at once, within windows that are open for it 22 % of the time')
  const one = estimateDuration(policy({}), [5], MEGABYTE)
  const two = estimateDuration(policy({}), [5, 5], MEGABYTE)
  expect(two.ms - one.ms).toBeGreaterThan(DAY)
})
