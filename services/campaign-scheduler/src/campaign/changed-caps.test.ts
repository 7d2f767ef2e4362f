import type { Caps } from '@sluice/contracts'
import { expect, test } from 'vitest'
import { changedCaps, changesIn, isRaised } from './changed-caps.ts'

const CAPS: Caps = {
  inFlight: 10,
  unproven: 20,
  startsPerMinute: 30,
  perSite: { inFlight: 4, unproven: 5 },
  egressBitsPerSecond: 1_000,
}

test('what a change leaves out stays as it is', () => {
  expect(changedCaps(CAPS, { inFlight: 11 })).toEqual({ ...CAPS, inFlight: 11 })
  expect(changedCaps(CAPS, { unproven: 21, startsPerMinute: 1 })).toEqual({
    ...CAPS,
    unproven: 21,
    startsPerMinute: 1,
  })
})

test('null takes a cap off, and the caps of a site change together', () => {
  expect(changedCaps(CAPS, { startsPerMinute: null, egressBitsPerSecond: null, perSite: { inFlight: 9 } })).toEqual({
    inFlight: 10,
    unproven: 20,
    perSite: { inFlight: 9 },
  })
  expect(changedCaps(CAPS, { perSite: null })).not.toHaveProperty('perSite')
})

test.each<[keyof Caps, Partial<Record<keyof Caps, unknown>>, boolean]>([
  ['inFlight', { inFlight: 11 }, true],
  ['inFlight', { inFlight: 9 }, false],
  ['unproven', { unproven: 21 }, true],
  ['unproven', { unproven: 20 }, false],
  ['startsPerMinute', { startsPerMinute: 31 }, true],
  ['startsPerMinute', { startsPerMinute: undefined }, true],
  ['startsPerMinute', { startsPerMinute: 29 }, false],
  ['perSite', { perSite: { inFlight: 5, unproven: 5 } }, true],
  ['perSite', { perSite: { inFlight: 4, unproven: 6 } }, true],
  ['perSite', { perSite: { inFlight: 4 } }, true],
  ['perSite', { perSite: undefined }, true],
  ['perSite', { perSite: { inFlight: 3, unproven: 5 } }, false],
  ['egressBitsPerSecond', { egressBitsPerSecond: 1_001 }, true],
  ['egressBitsPerSecond', { egressBitsPerSecond: undefined }, true],
  ['egressBitsPerSecond', { egressBitsPerSecond: 999 }, false],
])('more may be under way where %s becomes %j: %s', (_, change, raised) => {
  expect(isRaised(CAPS, { ...CAPS, ...change } as Caps)).toBe(raised)
})

test('one cap that is raised counts, whatever is lowered beside it', () => {
  expect(isRaised(CAPS, changedCaps(CAPS, { inFlight: 1, startsPerMinute: null }))).toBe(true)
  expect(isRaised(CAPS, changedCaps(CAPS, { inFlight: 1, startsPerMinute: 2 }))).toBe(false)
})

test('people are told what is other than it was', () => {
  expect(changesIn(CAPS, changedCaps(CAPS, { inFlight: 11, unproven: 20, perSite: { inFlight: 4 } }))).toBe(
    'inFlight 11, perSite 4',
  )
  expect(changesIn(CAPS, changedCaps(CAPS, { startsPerMinute: null, perSite: { inFlight: 4, unproven: 6 } }))).toBe(
    'startsPerMinute none, perSite 4/6',
  )
})
