import { expect, test } from 'vitest'
import { type PathLeg, type PathRules, type ReleaseTerms, counterKey, legFor } from './leg-for.ts'

const fits = [{ oui: '001122', productClass: 'Router' }]
const other = [{ oui: '001122', productClass: 'Bridge' }]

/** 1.x goes over 1.4 to 2.0; bridges have an image of their own. */
const path: readonly PathLeg[] = [
  { fits, softwareVersions: ['1.4'], from: { below: '1.4' }, steppingStone: true },
  { fits, softwareVersions: ['2.0', '2.0-de'], from: { from: '1.4' } },
  { fits: other, softwareVersions: ['B7'] },
]

const take = (
  softwareVersion: string | null,
  { way = path, productClass = 'Router', ...rules }: PathRules & { way?: typeof path; productClass?: string } = {},
) => {
  const answer = legFor(way, { oui: '001122', productClass, hardwareVersion: null, softwareVersion }, rules)
  return answer.kind === 'leg' ? answer.index : answer.reason
}

test('the first leg that fits a device and its version is the one it takes', () => {
  expect(take('1.2')).toBe(0)
  expect(take('1.10')).toBe(1)
  expect(take('1.4')).toBe(1)
  expect(take('B6', { productClass: 'Bridge' })).toBe(2)
  expect(take('1.2', { productClass: 'Switch' })).toBe('model_does_not_fit')
})

test('a stepping stone that a device stands on is behind it', () => {
  const way = [
    { fits, softwareVersions: ['1.4'], steppingStone: true },
    { fits, softwareVersions: ['2.0'] },
  ]
  expect(take('1.4', { way })).toBe(1)
  expect(take('1.4', { way, allowSameVersion: true })).toBe(1)
  expect(take('1.3', { way })).toBe(0)
})

test('who is there goes nowhere, unless the same version is wanted again', () => {
  expect(take('2.0-de')).toBe('already_on_target')
  expect(take('2.0-de', { allowSameVersion: true })).toBe(1)
})

test('nobody who is there is sent back over a stepping stone', () => {
  const way = [
    { fits, softwareVersions: ['1.4'], steppingStone: true },
    { fits, softwareVersions: ['2.0'] },
  ]
  expect(take('2.0', { way, allowDowngrade: true })).toBe('already_on_target')
  expect(take('2.0', { way, allowDowngrade: true, allowSameVersion: true })).toBe(1)
})

test('an older version is for those campaigns that say so', () => {
  expect(take('2.1')).toBe('downgrade')
  expect(
    legFor(path, { ...fits[0]!, hardwareVersion: null, softwareVersion: '2.1' }, { allowDowngrade: true }),
  ).toEqual({
    kind: 'leg',
    index: 1,
    downgrade: true,
  })
})

test('versions compare part by part, as numbers', () => {
  const way = [{ fits, softwareVersions: ['1.12'], from: { from: '1.9', below: '1.11' } }]
  expect(take('1.10', { way })).toBe(0)
  expect(take('1.11', { way })).toBe('no_leg_from_this_version')
  expect(take('1.8', { way })).toBe('no_leg_from_this_version')
})

test('an unknown version takes a leg that starts from any, and no other', () => {
  expect(take(null)).toBe('version_unknown')
  expect(take(null, { productClass: 'Bridge' })).toBe(2)
})

test('an image for certain hardware fits no device whose hardware is not known', () => {
  const way = [{ fits: [{ ...fits[0]!, hardwareVersions: ['A1'] }], softwareVersions: ['2.0'] }]
  const device = { ...fits[0]!, softwareVersion: '1.0' }
  expect(legFor(way, { ...device, hardwareVersion: 'A1' })).toMatchObject({ kind: 'leg' })
  expect(legFor(way, { ...device, hardwareVersion: 'B1' })).toEqual({ kind: 'none', reason: 'model_does_not_fit' })
  expect(legFor(way, { ...device, hardwareVersion: null })).toEqual({ kind: 'none', reason: 'model_does_not_fit' })
})

const released = (counter: number, more: Partial<ReleaseTerms> = {}): PathLeg => ({
  fits,
  softwareVersions: ['2.0'],
  release: { product: 'acme/rg', counter, models: fits, allowDowngrade: false, ...more },
})

test('a release names the models and the hardware that may take its image', () => {
  const way = [released(5, { models: [{ ...fits[0]!, hardwareVersions: ['A1'] }] })]
  const device = { ...fits[0]!, softwareVersion: '1.0' }
  expect(legFor(way, { ...device, hardwareVersion: 'A1' })).toMatchObject({ kind: 'leg' })
  for (const hardwareVersion of ['B1', null]) {
    expect(legFor(way, { ...device, hardwareVersion })).toEqual({ kind: 'none', reason: 'not_released_for_model' })
  }
  expect(take('1.0', { way, productClass: 'Bridge' })).toBe('model_does_not_fit')
})

test('a release starts from a minimum version, or over a stepping stone', () => {
  const way = [released(5, { minimumVersion: '1.8' })]
  expect(take('1.8', { way })).toBe(0)
  expect(take('1.7', { way })).toBe('below_minimum_version')
  expect(take(null, { way })).toBe('version_unknown')
  const stone: PathLeg = { fits, softwareVersions: ['1.9'], steppingStone: true }
  expect(take('1.7', { way: [...way, stone] })).toBe(1)
  expect(take('1.9', { way: [...way, stone] })).toBe(0)
})

const known = (model: (typeof fits)[0], versions: Record<string, number>) =>
  new Map(Object.entries(versions).map(([version, counter]) => [counterKey('acme/rg', model, version), counter]))

test('request 23: the counter decides what is a step back where both are known, and the version order elsewhere', () => {
  const device = { ...fits[0]!, hardwareVersion: null }
  const counters = known(fits[0]!, { alpha: 4, '9.9': 4, '1.0': 7 })
  const take = (softwareVersion: string, more: Partial<ReleaseTerms> = {}, rules: PathRules = {}) => {
    const answer = legFor([released(5, more)], { ...device, softwareVersion }, rules, counters)
    return answer.kind === 'leg' ? answer.downgrade : answer.reason
  }
  expect(take('9.9')).toBe(false)
  expect(take('1.0')).toBe('downgrade')
  expect(take('1.0', { counter: 7 })).toBe(false)
  expect(take('9.8')).toBe('downgrade')
  expect(take('1.1')).toBe(false)
  expect(take('9.9', { product: 'acme/other' })).toBe('downgrade')
  for (const version of ['1.0', '9.8']) {
    expect(take(version, { allowDowngrade: true })).toBe(true)
    expect(take(version, {}, { allowDowngrade: true })).toBe(true)
  }
})

test('what is known of another model of the product line decides nothing', () => {
  for (const model of [...other, { ...fits[0]!, oui: 'BBBBBB' }]) {
    const counters = known(model, { '1.0': 7, '9.9': 4 })
    const take = (softwareVersion: string) =>
      legFor([released(5)], { ...fits[0]!, hardwareVersion: null, softwareVersion }, {}, counters)
    expect(take('1.0')).toMatchObject({ downgrade: false })
    expect(take('9.9')).toEqual({ kind: 'none', reason: 'downgrade' })
  }
})
