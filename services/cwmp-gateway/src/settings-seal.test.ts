import { expect, test } from 'vitest'
import { createSettingsSeal } from './settings-seal.ts'

const seal = createSettingsSeal('ab'.repeat(32))!
const kept = { value: 'Café WLAN ', type: 'string' } as const

test('a setting opens for its device and its parameter alone', () => {
  const sealed = seal.close('dev_a', 'Device.A', kept)
  expect(seal.open('dev_a', 'Device.A', sealed)).toEqual(kept)
  expect(seal.open('dev_b', 'Device.A', sealed)).toBeNull()
  expect(seal.open('dev_a', 'Device.B', sealed)).toBeNull()
  expect(createSettingsSeal('cd'.repeat(32))!.open('dev_a', 'Device.A', sealed)).toBeNull()
  expect(seal.open('dev_a', 'Device.A', 'AAAA')).toBeNull()
})

test('nothing of a setting shows while it is sealed, nor that two are the same', () => {
  const [one, other] = [seal.close('dev_a', 'Device.A', kept), seal.close('dev_a', 'Device.A', kept)]
  expect(one).not.toBe(other)
  expect(Buffer.from(one, 'base64').toString('latin1')).not.toContain('WLAN')
})

test('without a key nothing is kept', () => expect(createSettingsSeal(undefined)).toBeNull())
