import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Expression } from './expression.ts'
import { type TargetedDevice, matches } from './matches.ts'
import { narrowingOf } from './narrowing.ts'
import { parse } from './parse.ts'
import { percentRank } from './percent-rank.ts'
import { arbitraryDevice, arbitraryExpression, arbitraryTerm } from './testing/arbitrary-expression.ts'

const NOW = Date.parse('2026-07-01T00:00:00Z')

const device: TargetedDevice = {
  deviceKey: `dev_${'a'.repeat(26)}`,
  name: '00D09E-RG%201-SN1',
  oui: '00D09E',
  productClass: 'RG 1',
  serialNumber: 'SN1',
  manufacturer: 'Acme',
  hardwareVersion: 'B2',
  softwareVersion: '1.10.0',
  site: 'olt-17',
  region: 'north',
  accessNode: 'bng-1',
  zone: 'Europe/Madrid',
  tags: ['lab', 'fibre'],
  lastInformAt: '2026-06-28T00:00:00.000Z',
}
const blank: TargetedDevice = {
  ...device,
  manufacturer: '',
  hardwareVersion: null,
  softwareVersion: null,
  site: null,
  region: null,
  accessNode: null,
  zone: null,
  tags: [],
  lastInformAt: null,
}

function holds(text: string, of: TargetedDevice = device): boolean {
  const found = parse(text)
  if (found.kind === 'wrong') throw new Error(found.detail)
  return matches(found.expression, of, NOW)
}

describe('a device is met by what is true of it', () => {
  test.each([
    ['oui = "00d09e" and productClass = "RG 1"', true],
    ['oui = "00D09E" and productClass = "RG"', false],
    ['hardwareVersion in ("B1", "B2")', true],
    ['hardwareVersion not in ("B1", "B2")', false],
    ['manufacturer != "Acme"', false],
    ['site = "olt-17" or region = "south"', true],
    ['site = "OLT-17"', false],
    ['zone starts with "Europe/"', true],
    ['name starts with "00D09E-RG%201-"', true],
    ['name starts with "SN"', false],
    ['serialNumber starts with "SN"', true],
    ['tag = "lab"', true],
    ['tag in ("x", "fibre")', true],
    ['tag != "lab"', false],
    ['tag not in ("x", "y")', true],
    ['tag starts with "fib"', true],
    ['lastInform within 3d', true],
    ['lastInform within 71h', false],
    ['lastInform before "2026-06-28"', false],
    ['lastInform after "2026-06-28"', true],
    ['lastInform before "2026-06-28T00:00:00.001Z"', true],
    ['lastInform never', false],
    ['site is known and not site is unknown', true],
  ])('%s: %s', (text, expected) => {
    expect(holds(text)).toBe(expected)
  })
})

describe('versions are ordered as people read them', () => {
  test.each([
    ['softwareVersion >= "1.9"', true],
    ['softwareVersion >= "1.2" and < "2.0"', true],
    ['softwareVersion > "1.10.0"', false],
    ['softwareVersion <= "1.10.0"', true],
    ['softwareVersion < "1.10"', false],
    // In order the zeros of a number do not count; `=` means the very text.
    ['softwareVersion >= "1.010.0" and <= "1.010.0"', true],
    ['softwareVersion = "1.010.0"', false],
  ])('%s: %s', (text, expected) => {
    expect(holds(text)).toBe(expected)
  })
})

describe('what is unknown is met neither by a comparison nor by its opposite', () => {
  const fields = ['manufacturer', 'hardwareVersion', 'softwareVersion', 'site', 'region', 'accessNode', 'zone']
  test.each(fields)('%s', (field) => {
    for (const text of [`${field} = "a"`, `${field} != "a"`, `${field} in ("a", "b")`, `${field} starts with ""`]) {
      expect(holds(text, blank)).toBe(false)
      expect(holds(`not ${text}`, blank)).toBe(false)
      expect(holds(`not not (${text} and ${text})`, blank)).toBe(false)
      expect(holds(`${text} or serialNumber = "SN1"`, blank)).toBe(true)
    }
    expect(holds(`${field} is unknown`, blank)).toBe(true)
    expect(holds(`${field} is known`, blank)).toBe(false)
    expect(holds(`not ${field} is known`, blank)).toBe(true)
  })

  test('the order of versions', () => {
    for (const order of ['<', '<=', '>', '>=']) {
      expect(holds(`softwareVersion ${order} "1"`, blank)).toBe(false)
      expect(holds(`not softwareVersion ${order} "1"`, blank)).toBe(false)
    }
  })
})

test('a device that never informed is known not to have: it is met by the opposite alone', () => {
  for (const text of ['within 7d', 'before "2026-01-01"', 'after "2026-01-01"']) {
    expect(holds(`lastInform ${text}`, blank)).toBe(false)
    expect(holds(`not lastInform ${text}`, blank)).toBe(true)
  }
  expect(holds('lastInform never', blank)).toBe(true)
  expect(holds('tag != "lab"', blank)).toBe(true)
})

test('no expression holds together with its opposite, whatever is unknown', () => {
  fc.assert(
    fc.property(arbitraryExpression, arbitraryDevice, (expression, one) => {
      const opposite: Expression = { kind: 'not', of: expression }
      expect(matches(expression, one, NOW) && matches(opposite, one, NOW)).toBe(false)
      const contradiction: Expression = { kind: 'and', of: [expression, opposite] }
      expect(matches(contradiction, one, NOW)).toBe(false)
    }),
    { numRuns: 2_000 },
  )
})

test('of a device of which everything is known, an expression holds or its opposite does', () => {
  const known = arbitraryDevice.map((one) => ({
    ...one,
    ...Object.fromEntries(Object.entries(one).map(([name, value]) => [name, value ?? '2026-06-30T12:00:00.000Z'])),
    manufacturer: one.manufacturer || 'A',
  }))
  fc.assert(
    fc.property(arbitraryExpression, known, (expression, one) => {
      expect(matches(expression, one, NOW)).not.toBe(matches({ kind: 'not', of: expression }, one, NOW))
    }),
    { numRuns: 2_000 },
  )
})

test('De Morgan: "not" goes through "and" and "or"', () => {
  fc.assert(
    fc.property(fc.array(arbitraryTerm, { minLength: 2, maxLength: 4 }), arbitraryDevice, (of, one) => {
      const negated = of.map((term): Expression => ({ kind: 'not', of: term }))
      expect(matches({ kind: 'not', of: { kind: 'and', of } }, one, NOW)).toBe(
        matches({ kind: 'or', of: negated }, one, NOW),
      )
      expect(matches({ kind: 'not', of: { kind: 'or', of } }, one, NOW)).toBe(
        matches({ kind: 'and', of: negated }, one, NOW),
      )
    }),
    { numRuns: 1_000 },
  )
})

test('an index narrows to no fewer devices than the expression meets', () => {
  fc.assert(
    fc.property(fc.array(arbitraryExpression, { minLength: 2, maxLength: 3 }), arbitraryDevice, (of, one) => {
      const expression: Expression = { kind: 'and', of }
      const isNarrowedOut = narrowingOf(expression).some(({ field, values }) => !values.includes(one[field] ?? ''))
      expect(isNarrowedOut && matches(expression, one, NOW)).toBe(false)
    }),
    { numRuns: 2_000 },
  )
})

test('bad input 43: a device is asked once for each term, however they are nested', () => {
  fc.assert(
    fc.property(arbitraryExpression, arbitraryDevice, (expression, one) => {
      let reads = 0
      const counted = new Proxy(one, {
        get: (of, name) => ((reads += 1), of[name as keyof TargetedDevice]),
      })
      matches(expression, counted, NOW)
      expect(reads).toBeLessThanOrEqual(2 * termsOf(expression))
    }),
    { numRuns: 1_000 },
  )
})

function termsOf(expression: Expression): number {
  if (expression.kind === 'not') return termsOf(expression.of)
  if (expression.kind !== 'and' && expression.kind !== 'or') return 1
  return expression.of.reduce((sum, one) => sum + termsOf(one), 0)
}

describe('percent', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `dev_${index}`)
  const within = (text: string) => keys.filter((deviceKey) => holds(text, { ...device, deviceKey }))

  test('takes about as many as it says, and what is below and what is not are all', () => {
    const few = within('percent < 5')
    expect(few.length).toBeGreaterThan(900)
    expect(few.length).toBeLessThan(1_100)
    expect(few.length + within('percent >= 5').length).toBe(keys.length)
    expect(within('percent < 100')).toEqual(keys)
    expect(within('percent < 0')).toEqual([])
  })

  test('more percent are the same devices and more', () => {
    const more = new Set(within('percent < 10'))
    expect(within('percent < 5').filter((key) => !more.has(key))).toEqual([])
  })

  test('a device has its place for ever', () => {
    expect(percentRank(`dev_${'a'.repeat(26)}`)).toBe(PLACE_OF_A)
    expect(percentRank(`dev_${'b'.repeat(26)}`)).toBe(PLACE_OF_B)
  })
})

const PLACE_OF_A = 167_808
const PLACE_OF_B = 535_207
