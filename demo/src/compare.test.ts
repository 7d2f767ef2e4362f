import type { Upgrade } from '@sluice/contracts'
import type { DeviceState } from '@sluice/device-simulator'
import { expect, test } from 'vitest'
import { compare } from './compare.ts'

const KEY = 'fw01M7WY5TDM1Q8FA0QXES820WMP'

function upgradeOf(more: Partial<Upgrade>): Upgrade {
  return {
    deviceName: 'A',
    state: 'verified',
    countsAs: 'success',
    reason: null,
    attempts: 1,
    attemptId: KEY,
    ...more,
  } as Upgrade
}
function stateOf(more: Partial<DeviceState>): DeviceState {
  return {
    deviceName: 'A',
    serialNumber: '1',
    version: '2',
    outcomeAsDeviceSeesIt: 'running_new',
    settingsIntact: true,
    downloadsReceivedByCommandKey: { [KEY]: 1 },
    ...more,
  }
}
const differences = (upgrade: Partial<Upgrade>, state: Partial<DeviceState>) =>
  compare([upgradeOf(upgrade)], [stateOf(state)]).differences

test('the same story on both sides is no difference', () => {
  expect(differences({}, {})).toEqual([])
  expect(differences({ state: 'rolled_back' }, { outcomeAsDeviceSeesIt: 'fell_back' })).toEqual([])
  expect(differences({ state: 'failed', reason: 'image_rejected' }, { outcomeAsDeviceSeesIt: 'refused' })).toEqual([])
  expect(differences({ state: 'timed_out', countsAs: 'silent' }, { outcomeAsDeviceSeesIt: 'silent' })).toEqual([])
  expect(differences({ state: 'verified_config_lost' }, { settingsIntact: false })).toEqual([])
  expect(
    differences({ state: 'pending', attempts: 0, attemptId: null }, { downloadsReceivedByCommandKey: {} }),
  ).toEqual([])
})

test('an outcome the device does not tell is a difference', () => {
  expect(differences({}, { outcomeAsDeviceSeesIt: 'fell_back' })).toHaveLength(1)
  expect(differences({}, { settingsIntact: false })).toHaveLength(1)
  expect(differences({}, { downloadsReceivedByCommandKey: {} })).toHaveLength(1)
  expect(differences({ state: 'timed_out', countsAs: 'stalled' }, { outcomeAsDeviceSeesIt: 'silent' })).toHaveLength(1)
})

test('a Download that came twice is a difference, whatever the outcome', () => {
  expect(differences({}, { downloadsReceivedByCommandKey: { [KEY]: 2 } })).toEqual([
    expect.stringContaining('more than once'),
  ])
})

test('a device without an upgrade, and an upgrade without a device, are differences', () => {
  expect(compare([], [stateOf({})]).differences).toHaveLength(1)
  expect(compare([upgradeOf({ deviceName: 'B' })], [stateOf({})]).differences).toHaveLength(1)
})
