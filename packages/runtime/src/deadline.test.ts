import { expect, test } from 'vitest'
import { withDeadline } from './deadline.ts'
import { createManualClock } from './manual-clock.ts'

test('what comes in time is handed on, and no timer stays', async () => {
  const clock = createManualClock(0)
  expect(await withDeadline(Promise.resolve(7), 100, { clock })).toBe(7)
  await expect(withDeadline(Promise.reject(new Error('own')), 100, { clock })).rejects.toThrow('own')
  expect(clock.pending()).toBe(0)
})

test('what comes too late is refused, its signal aborted, and its later failure nobody’s', async () => {
  const clock = createManualClock(0)
  const late = Promise.withResolvers<never>()
  let signal: AbortSignal | undefined
  const waiting = withDeadline(
    (given) => {
      signal = given
      return late.promise
    },
    100,
    { clock, what: 'the fetch' },
  )
  const refused = expect(waiting).rejects.toMatchObject({
    code: 'deadline_exceeded',
    message: 'the fetch took longer than 100 ms',
  })
  await clock.advance(99)
  expect(signal?.aborted).toBe(false)
  await clock.advance(1)
  await refused
  expect(signal?.aborted).toBe(true)
  late.reject(new Error('later'))
  await clock.advance(0)
})
