import { deviceProfile, type ModelProfile } from '@sluice/model-profiles'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Session } from '../session/session.ts'
import { askNext, beginReading, snapshotOf, takeAnswer } from './read-snapshot.ts'

const digest = (name: string, value: string) => (value === '' ? null : `${name}=${value}`)
const session = (softwareVersion: string | null) => ({ model: { softwareVersion } }) as Session

/** Reads to the end from a device that faults every batch which holds a name it lacks. */
function readAll(profile: ModelProfile, has: ReadonlyMap<string, string>, version: string | null = '1.0') {
  let reading = beginReading({ profile, session: session(version) })
  let asked = 0
  for (let call = askNext(reading); call !== null; call = askNext(reading)) {
    asked += 1
    const isKnown = call.names.every((name) => has.has(name))
    const parameters = call.names.map((name) => ({ name, value: has.get(name) ?? '', type: null }))
    const answer = isKnown
      ? ({ kind: 'response', message: { kind: 'get_parameter_values_response', parameters } } as const)
      : ({ kind: 'fault', code: 9005, text: '', parameters: [] } as const)
    reading = takeAnswer(reading, answer, { profile, digest, keeping: null })
  }
  return { reading, snapshot: snapshotOf(reading, profile), asked }
}

test('whichever names a device lacks, the others are read and those are unknown', () => {
  const name = fc.integer({ min: 0, max: 80 }).map((n) => `Device.X.${n}`)
  const names = fc.uniqueArray(name, { maxLength: 64 })
  fc.assert(
    fc.property(names, names, (settings, present) => {
      const profile = { ...deviceProfile, settings, sentinels: [] }
      const { snapshot, asked } = readAll(profile, new Map(present.map((each) => [each, 'v'])))
      const expected = settings.map((each) => [each, present.includes(each) ? `${each}=v` : null])
      expect(snapshot.settings).toEqual(Object.fromEntries(expected))
      expect(asked).toBeLessThanOrEqual(2 * (settings.length + 2))
    }),
  )
})

test('the version is asked for where the Inform had none', () => {
  const has = new Map([[deviceProfile.versionParameter, '3.1']])
  expect(readAll({ ...deviceProfile, settings: [], sentinels: [] }, has, null).reading.softwareVersion).toBe('3.1')
})

test.each([
  ['Up', true],
  ['Down', false],
  ['', null],
])('a WAN status of "%s" reads as %s', (status, wanUp) => {
  const has = new Map([[deviceProfile.wanStatus.path, status]])
  expect(readAll({ ...deviceProfile, settings: [], sentinels: [] }, has).snapshot.wanUp).toBe(wanUp)
})
