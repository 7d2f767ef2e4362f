import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkPath } from './check-path.ts'
import { type PathLeg, legFor } from './leg-for.ts'

const model = { oui: '001122', productClass: 'Router' }
const fits = [model]
const stone = (version: string, rest: Partial<PathLeg> = {}): PathLeg => ({
  fits,
  softwareVersions: [version],
  steppingStone: true,
  ...rest,
})
const last = (version: string, rest: Partial<PathLeg> = {}): PathLeg => ({
  ...stone(version, rest),
  steppingStone: false,
})

test('a way over stepping stones to an end is right', () => {
  expect(checkPath([last('2.0')])).toBeNull()
  expect(
    checkPath([stone('1.2', { from: { below: '1.2' } }), stone('1.4', { from: { below: '1.4' } }), last('2.0')]),
  ).toBeNull()
})

test('a stepping stone from which nobody gets on is a dead end', () => {
  expect(checkPath([stone('1.4')])).toMatchObject({ kind: 'dead_end', leg: 0 })
  expect(checkPath([stone('1.4'), last('2.0', { from: { from: '1.5' } })])).toMatchObject({ kind: 'dead_end', leg: 0 })
  expect(checkPath([stone('3.0'), last('2.0')])).toMatchObject({ kind: 'dead_end', leg: 0 })
  expect(checkPath([stone('3.0'), last('2.0')], { allowDowngrade: true })).toBeNull()
})

test('a stepping stone of some hardware has to lead on for all of it', () => {
  const onlyA = [{ ...model, hardwareVersions: ['A'] }]
  const both = [{ ...model, hardwareVersions: ['A', 'B'] }]
  expect(checkPath([stone('1.4'), last('2.0', { fits: onlyA })])).toMatchObject({ kind: 'dead_end' })
  expect(checkPath([stone('1.4', { fits: both }), last('2.0', { fits: onlyA })])).toMatchObject({
    kind: 'dead_end',
    device: { hardwareVersion: 'B' },
  })
  expect(checkPath([stone('1.4', { fits: onlyA }), last('2.0', { fits: both })])).toBeNull()
})

test('stepping stones that lead to each other never end', () => {
  const round = [
    stone('1.4', { from: { below: '1.4' } }),
    stone('1.3', { from: { from: '1.4' } }),
    last('2.0', { from: { from: '9' } }),
  ]
  expect(checkPath(round, { allowDowngrade: true })).toMatchObject({ kind: 'never_ends' })
})

test('stepping stones may meet in one', () => {
  const below = (version: string) => ({ from: { below: version } })
  const two = { ...stone('1.2', below('1.2')), softwareVersions: ['1.2', '1.2-de'] }
  expect(checkPath([stone('1.0', below('1.0')), two, stone('1.4', below('1.4')), last('2.0')])).toBeNull()
})

test('a range that holds no version is told', () => {
  expect(checkPath([last('2.0', { from: { from: '1.10', below: '1.9' } })])).toEqual({ kind: 'empty_range', leg: 0 })
})

test('on a way that is right, every device reaches an end in as many steps as there are legs', () => {
  const version = fc.integer({ min: 0, max: 4 }).map(String)
  const range = fc.record({ from: version, below: version }, { requiredKeys: [] })
  const leg = fc.record({
    fits: fc.constant(fits),
    softwareVersions: fc.array(version, { minLength: 1, maxLength: 2 }),
    from: range,
    steppingStone: fc.boolean(),
  })
  const rules = fc.record({ allowDowngrade: fc.boolean(), allowSameVersion: fc.boolean() })
  fc.assert(
    fc.property(fc.array(leg, { minLength: 1, maxLength: 4 }), rules, version, fc.nat(), (path, own, start, pick) => {
      fc.pre(checkPath(path, own) === null)
      const reach = (softwareVersion: string, steps: number): void => {
        const next = legFor(path, { ...model, hardwareVersion: null, softwareVersion }, own)
        if (steps > 0 && next.kind === 'none') expect(next.reason).toBe('already_on_target')
        if (next.kind === 'none') return
        const { softwareVersions, steppingStone } = path[next.index]!
        expect(steps).toBeLessThan(path.length)
        if (steppingStone) reach(softwareVersions[pick % softwareVersions.length]!, steps + 1)
      }
      reach(start, 0)
    }),
    { numRuns: 2_000 },
  )
})
