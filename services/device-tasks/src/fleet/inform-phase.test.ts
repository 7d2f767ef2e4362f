import { deviceKeyOf } from '@sluice/contracts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { informTimeOf } from './inform-phase.ts'

const key = fc.stringMatching(/^[0-9A-Z]{1,12}$/).map((serialNumber) => deviceKeyOf({ ...MODEL, serialNumber }))
const MODEL = { oui: '00D09E', productClass: 'RG' }
const interval = fc.integer({ min: 30, max: 604_800 })

test('a device keeps its place, and it lies within the interval, on a whole second', () => {
  fc.assert(
    fc.property(key, interval, (deviceKey, intervalSeconds) => {
      const time = informTimeOf(deviceKey, intervalSeconds)
      expect(time).toBe(informTimeOf(deviceKey, intervalSeconds))
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      const phaseSeconds = (Date.parse(time) - Date.UTC(2020, 0, 1)) / 1_000
      expect(phaseSeconds).toBeGreaterThanOrEqual(0)
      expect(phaseSeconds).toBeLessThan(intervalSeconds)
    }),
  )
})

test('a fleet comes evenly, whatever the interval and however its serial numbers run', () => {
  fc.assert(
    fc.property(interval, fc.integer({ min: 0, max: 2 ** 31 }), (intervalSeconds, first) => {
      const buckets = Array.from({ length: 10 }, () => 0)
      for (let n = 0; n < 2_000; n++) {
        const deviceKey = deviceKeyOf({ ...MODEL, serialNumber: String(first + n) })
        const phaseSeconds = (Date.parse(informTimeOf(deviceKey, intervalSeconds)) - Date.UTC(2020, 0, 1)) / 1_000
        buckets[Math.floor((phaseSeconds / intervalSeconds) * 10)]! += 1
      }
      // 200 each, and 13 the standard deviation: six of them, with what whole seconds of a short interval take and give.
      const slack = 80 + (intervalSeconds < 300 ? 200 * (10 / intervalSeconds) * 2 : 0)
      for (const inBucket of buckets) expect(Math.abs(inBucket - 200)).toBeLessThan(slack)
    }),
    { numRuns: 25 },
  )
})
