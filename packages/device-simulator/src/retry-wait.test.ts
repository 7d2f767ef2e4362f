import fc from 'fast-check'
import { expect, it } from 'vitest'
import { retryWaitSeconds } from './retry-wait.ts'

it('waits within the ranges of TR-069 table 3: 5 to 10 s, doubling, and 2560 to 5120 s from the tenth on', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (retry, lot) => {
      const least = 5 * 2 ** (Math.min(retry, 10) - 1)
      const seconds = retryWaitSeconds(retry, () => lot)
      expect(seconds).toBeGreaterThanOrEqual(least)
      expect(seconds).toBeLessThan(least * 2)
    }),
  )
})
