import Value from 'typebox/value'
import { describe, expect, it } from 'vitest'

import { defaultProfiles, deviceProfile, internetGatewayDeviceProfile, ModelProfile, profileFor } from './index.ts'

const model = { oui: '00D09E', productClass: 'HG1', hardwareVersion: 'B', root: 'Device.' } as const

function profile(name: string, match: ModelProfile['match']): ModelProfile {
  return { ...deviceProfile, name, match }
}

describe('the shipped profiles', () => {
  it('fit the schema', () => {
    for (const shipped of defaultProfiles) expect(Value.Check(ModelProfile, shipped), shipped.name).toBe(true)
  })

  it('read from the root they are for, only', () => {
    for (const shipped of defaultProfiles) {
      const paths = [shipped.versionParameter, ...shipped.settings, ...shipped.sentinels, shipped.wanStatus.path]
      for (const path of paths) expect(path.startsWith(shipped.match.root ?? '?'), path).toBe(true)
    }
  })
})

describe('the schema', () => {
  it('refuses misspelt fields and impossible values', () => {
    expect(Value.Check(ModelProfile, { ...deviceProfile, cookieles: true })).toBe(false)
    expect(Value.Check(ModelProfile, { ...deviceProfile, match: { oui: '00d09e' } })).toBe(false)
    expect(Value.Check(ModelProfile, { ...deviceProfile, downloadArguments: 'some' })).toBe(false)
    expect(Value.Check(ModelProfile, { ...deviceProfile, rebootMs: -1 })).toBe(false)
  })
})

describe('profileFor', () => {
  it('goes by the root of the data model where nothing else is known', () => {
    expect(profileFor(defaultProfiles, model)).toEqual(deviceProfile)
    expect(profileFor(defaultProfiles, { ...model, root: 'InternetGatewayDevice.' })).toEqual(
      internetGatewayDeviceProfile,
    )
  })

  it('is the one for Device: where not even that is known, or the list is empty', () => {
    expect(profileFor(defaultProfiles, { oui: 'A', productClass: 'B' }).name).toBe('default-device')
    expect(profileFor([], model).name).toBe('default-device')
  })

  it('is the most specific that fits, wherever it stands in the list', () => {
    const exact = profile('exact', { oui: '00D09E', productClass: 'HG1', hardwareVersion: 'B' })
    const brand = profile('brand', { oui: '00D09E' })
    const other = profile('other', { oui: '00D09E', productClass: 'HG2', hardwareVersion: 'B' })
    expect(profileFor([exact, other, brand, ...defaultProfiles], model).name).toBe('exact')
    expect(profileFor([...defaultProfiles, brand, other, exact], model).name).toBe('exact')
    expect(profileFor([...defaultProfiles, brand, other, exact], { ...model, hardwareVersion: 'C' }).name).toBe('brand')
  })

  it('is the later of two that name equally much', () => {
    const mine = profile('mine', { oui: '00D09E' })
    expect(profileFor([...defaultProfiles, mine], model).name).toBe('mine')
  })

  it('never matches what it names and the device does not tell', () => {
    const exact = profile('exact', { oui: '00D09E', hardwareVersion: 'B' })
    expect(profileFor([...defaultProfiles, exact], { oui: '00D09E', productClass: 'HG1' }).name).toBe('default-device')
  })

  it('goes by ranges of versions, the lower bound within and the upper one without (quirk 51)', () => {
    const ranged = profile('ranged', { oui: '00D09E', softwareVersionFrom: '1.9', softwareVersionBelow: '1.12' })
    const nameFor = (softwareVersion?: string) =>
      profileFor([...defaultProfiles, ranged], { ...model, softwareVersion }).name
    expect(['1.8', '1.9', '1.10', '1.11.9', '1.12'].map(nameFor)).toEqual([
      'default-device',
      'ranged',
      'ranged',
      'ranged',
      'default-device',
    ])
    expect(nameFor(undefined)).toBe('default-device')
  })
})

describe('the shipped profiles of clients and vendors', () => {
  it('have names of their own', () => {
    expect(new Set(defaultProfiles.map(({ name }) => name)).size).toBe(defaultProfiles.length)
  })

  it.each([
    ['202BC1', 'BM632w', 'genieacs-sim'],
    ['202BC1', 'HG8245', 'huawei-202bc1'],
    ['00147F', 'SpeedTouch 706', 'thomson-speedtouch'],
    ['A00001', 'OT2800', 'netcwmp'],
  ])('fit %s %s', (oui, productClass, name) => {
    expect(profileFor(defaultProfiles, { oui, productClass, root: 'InternetGatewayDevice.' }).name).toBe(name)
  })
})
