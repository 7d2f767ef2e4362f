import { createManualClock } from '@sluice/runtime'
import { describe, expect, test } from 'vitest'
import { hotStoreSuite, SUITE_START } from './hot-store.suite.ts'
import { createMemoryHotStore } from './memory-hot-store.ts'

describe('the hot store in memory', () => {
  hotStoreSuite(async () => {
    const manual = createManualClock(SUITE_START)
    // Months pass without the sweep of each minute.
    let aged = 0
    const clock = { ...manual, now: () => manual.now() + aged }
    const under = {
      store: createMemoryHotStore({ clock }),
      clock,
      passTime: (ms: number) => clock.advance(ms),
      age: async (_: string, ms: number) => void (aged += ms),
      forgetEverything: async () => {
        await under.store.close()
        under.store = createMemoryHotStore({ clock })
      },
    }
    return under
  })
})

test('closing the store in memory leaves no timer behind', async () => {
  const clock = createManualClock(SUITE_START)
  await createMemoryHotStore({ clock }).close()
  expect(clock.pending()).toBe(0)
})
