import { expect, it } from 'vitest'
import { createTimers, TimersCleared } from './timers.ts'

it('starts nothing once it is cleared, and lets nobody wait for ever', async () => {
  const timers = createTimers()
  const waiting = timers.wait(60_000)
  timers.clear()
  await expect(waiting).rejects.toThrow(TimersCleared)
  await expect(timers.wait(0)).rejects.toThrow(TimersCleared)
  timers.after(60_000, () => undefined)
  expect(timers.count()).toBe(0)
})
