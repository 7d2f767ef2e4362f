import { createManualClock } from '@sluice/runtime'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Outcome } from './outcome.ts'
import { createWakeQueue, type Tried, type WakeQueueSettings } from './wake-queue.ts'

const usual: WakeQueueSettings = {
  perSecond: 10,
  perDeviceMs: 30_000,
  maxQueued: 100,
  maxRunning: 100,
  busyTries: 3,
  unreachableTries: 2,
  firstRetryMs: 5_000,
  longestRetryMs: 60_000,
}

function start(settings: Partial<WakeQueueSettings> = {}, outcomes: Outcome[] = []) {
  const clock = createManualClock(1_000_000)
  const asked: { key: string; at: number }[] = []
  const told: string[] = []
  const answers: ((tried: Tried) => void)[] = []
  let held = false
  const queue = createWakeQueue(
    {
      clock,
      wake: async (key) => {
        asked.push({ key, at: clock.now() })
        if (held) return new Promise((resolve) => void answers.push(resolve))
        return { outcome: outcomes.shift() ?? 'accepted', by: 'http' }
      },
      tell: (key, { outcome }, attempts) => void told.push(`${key} ${outcome} ${attempts}`),
    },
    { ...usual, ...settings },
  )
  return { clock, queue, asked, told, answers, hold: () => (held = true) }
}

test('a device is asked, and what it said is told', async () => {
  const { clock, queue, told } = start()
  expect(queue.add('a')).toBe('queued')
  await clock.advance(0)
  expect(told).toEqual(['a accepted 1'])
  expect(queue.size()).toBe(0)
})

test('wishes for one device are one request while it waits or is asked', async () => {
  const { clock, queue, asked, told, answers, hold } = start()
  hold()
  queue.add('a')
  queue.add('a')
  await clock.advance(0)
  queue.add('a')
  answers[0]!({ outcome: 'accepted', by: 'http' })
  await clock.advance(100_000)
  expect(asked).toHaveLength(1)
  expect(told).toEqual(['a accepted 1'])
})

test('a device is not asked twice within its time, but is asked then', async () => {
  const { clock, queue, asked } = start()
  queue.add('a')
  await clock.advance(10_000)
  expect(queue.add('a')).toBe('queued')
  await clock.advance(19_999)
  expect(asked).toHaveLength(1)
  await clock.advance(1)
  expect(asked).toHaveLength(2)
})

test('the pace of all holds, whatever comes at once', async () => {
  const { clock, queue, asked } = start()
  for (let device = 0; device < 50; device++) queue.add(`d${device}`)
  await clock.advance(10_000)
  expect(asked).toHaveLength(50)
  const [first] = asked
  for (const { at } of asked) {
    const within = asked.filter((other) => other.at >= at && other.at < at + 1_000)
    expect(within.length).toBeLessThanOrEqual(11)
  }
  expect(asked.at(-1)!.at - first!.at).toBeGreaterThanOrEqual(4_800)
})

test('no more than so many are asked at once', async () => {
  const { clock, queue, asked, answers, hold } = start({ maxRunning: 2, perSecond: 1_000 })
  hold()
  for (const key of ['a', 'b', 'c']) queue.add(key)
  await clock.advance(1_000)
  expect(asked).toHaveLength(2)
  answers[0]!({ outcome: 'accepted', by: 'http' })
  await clock.advance(1_000)
  expect(asked).toHaveLength(3)
})

test('a full queue refuses, and takes again once somebody was asked', async () => {
  const { clock, queue } = start({ maxQueued: 2, perSecond: 1 })
  expect(['a', 'b', 'c', 'd', 'a'].map((key) => queue.add(key))).toEqual([
    'queued',
    'queued',
    'overloaded',
    'overloaded',
    'queued',
  ])
  await clock.advance(5_000)
  expect(queue.add('c')).toBe('queued')
})

test('3.2.2.1: a busy device is asked again, later and later, and given up in the end', async () => {
  const { clock, queue, told, asked } = start({ perDeviceMs: 1_000 }, ['busy', 'busy', 'busy'])
  queue.add('a')
  await clock.advance(300_000)
  expect(told).toEqual(['a busy 1', 'a busy 2', 'a gave_up 3'])
  const [first, second, third] = asked.map(({ at }) => at)
  expect(second! - first!).toBeGreaterThanOrEqual(2_500)
  expect(third! - second!).toBeGreaterThanOrEqual(5_000)
})

test('a busy device that hears the second time was woken', async () => {
  const { clock, queue, told } = start({}, ['busy', 'accepted'])
  queue.add('a')
  await clock.advance(300_000)
  expect(told).toEqual(['a busy 1', 'a accepted 2'])
})

test('who cannot be reached is tried twice and told once', async () => {
  const { clock, queue, told } = start({}, ['unreachable', 'unreachable'])
  queue.add('a')
  await clock.advance(300_000)
  expect(told).toEqual(['a unreachable 2'])
})

test.each(['unauthorized', 'refused_address', 'no_address', 'asked'] as const)(
  '%s is the last word',
  async (outcome) => {
    const { clock, queue, told, asked } = start({}, [outcome])
    queue.add('a')
    await clock.advance(300_000)
    expect(told).toEqual([`a ${outcome} 1`])
    expect(asked).toHaveLength(1)
  },
)

test('stopped, it waits for who is being asked, and asks nobody more', async () => {
  const { clock, queue, asked, answers, hold } = start({ maxRunning: 1 })
  hold()
  queue.add('a')
  queue.add('b')
  await clock.advance(0)
  let ended = false
  const stopping = queue.stop().then(() => (ended = true))
  await clock.advance(1_000)
  expect(ended).toBe(false)
  answers[0]!({ outcome: 'busy', by: 'http' })
  await stopping
  await clock.advance(300_000)
  expect(asked).toHaveLength(1)
  expect(queue.add('c')).toBe('overloaded')
})

test('in any order of wishes and answers: paced, one at a time, and everybody is told of in the end', async () => {
  const step = fc.oneof(
    fc.record({ add: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.record({ advance: fc.integer({ min: 0, max: 20_000 }) }),
  )
  const outcome = fc.constantFrom<Outcome>('accepted', 'busy', 'unreachable', 'unauthorized')
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.array(outcome, { maxLength: 40 }),
      async (steps, outcomes) => {
        const { clock, queue, asked, told } = start({ perSecond: 2, perDeviceMs: 10_000 }, outcomes)
        const wished = new Set<string>()
        for (const one of steps) {
          if ('add' in one) {
            queue.add(one.add)
            wished.add(one.add)
          } else await clock.advance(one.advance)
        }
        await clock.advance(10 * 60_000)
        for (const key of wished) {
          expect(told.filter((line) => line.startsWith(`${key} `) && !line.includes(' busy ')).length).toBeGreaterThan(
            0,
          )
          const times = asked.filter((one) => one.key === key).map(({ at }) => at)
          times.slice(1).forEach((at, index) => expect(at - times[index]!).toBeGreaterThanOrEqual(10_000))
        }
        expect(queue.size()).toBe(0)
      },
    ),
    { numRuns: 50 },
  )
})
