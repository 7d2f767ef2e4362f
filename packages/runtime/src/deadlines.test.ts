import { expect, test } from 'vitest'
import { createDeadlines } from './deadlines.ts'
import { createManualClock } from './manual-clock.ts'

test('what comes in time is handed on, and no timer stays', async () => {
  const clock = createManualClock(0)
  const within = createDeadlines({ ms: 800, clock, what: 'it' })
  expect(await within(Promise.resolve(7))).toBe(7)
  await expect(within(Promise.reject(new Error('own')))).rejects.toThrow('own')
  await clock.advance(100)
  expect(clock.pending()).toBe(0)
})

test('what comes too late is refused, whatever was asked before and after it, and its later failure is nobody’s', async () => {
  const clock = createManualClock(0)
  const within = createDeadlines({ ms: 800, clock, what: 'the answer' })
  const late = Promise.withResolvers<never>()
  const soon = Promise.withResolvers<number>()
  const before = within(soon.promise)
  await clock.advance(50)
  let refusal: unknown
  within(late.promise).catch((error: unknown) => (refusal = error))
  const after = within(soon.promise)
  await clock.advance(700)
  soon.resolve(1)
  expect(await before).toBe(1)
  expect(await after).toBe(1)
  await clock.advance(99)
  expect(refusal).toBeUndefined()
  await clock.advance(101)
  expect(refusal).toMatchObject({ code: 'deadline_exceeded', message: 'the answer took longer than 800 ms' })
  late.reject(new Error('later'))
  await clock.advance(200)
  expect(clock.pending()).toBe(0)
})
