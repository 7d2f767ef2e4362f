import { describe, expect, test } from 'vitest'
import { DeviceTaskDraftSchema, ImportedDeviceSchema, check, deviceList, deviceUpdate } from './index.ts'

const detailOf = (call: unknown) => {
  const checked = check(DeviceTaskDraftSchema, { call })
  return checked.kind === 'invalid' ? checked.detail : 'valid'
}

describe('what does not fit a union', () => {
  test('is told of the member it names, and of no other', () => {
    expect(detailOf({ method: 'AddObject', objectName: 1 })).toBe('/call/objectName must be string')
    expect(detailOf({ method: 'Reboot', delay: 3 })).toMatch(/^\/call\/delay is not known here/)
    expect(detailOf({ method: 'AddObject', objectName: 'Device.X.' })).toBe('valid')
  })

  test('says of firmware that it goes by campaign', () => {
    for (const fileType of ['1 Firmware Upgrade Image', ' 1 firmware', '1']) {
      expect(detailOf({ method: 'Download', fileType, url: 'http://x/' })).toBe(
        '/call/fileType names firmware, which goes by campaign alone',
      )
    }
    expect(detailOf({ method: 'Download', fileType: '3 Vendor Configuration File', url: 'http://x/' })).toBe('valid')
  })

  test('that names no member is told so in few words', () => {
    expect(detailOf({ method: 'Explode' }).length).toBeLessThan(300)
  })
})

describe('what a string has to be', () => {
  const wrong = (schema: Parameters<typeof check>[0], value: unknown) => {
    const checked = check(schema, value)
    return checked.kind === 'invalid' ? checked.detail : 'valid'
  }

  test('an expression that is none is refused with the sentence that says why, and where', () => {
    const listed = (where: string) => wrong(deviceList.input, { filter: { where }, limit: 1 })
    expect(listed('site = "olt-17"')).toBe('valid')
    expect(listed('site = olt')).toBe(
      '/filter/where is no expression: at character 8: "olt" where a text in quotes was expected',
    )
  })

  test('a zone that is brought in is one of IANA, and no offset', () => {
    const device = { oui: '00D09E', productClass: '', serialNumber: '1' }
    for (const zone of ['Europe/Madrid', 'UTC']) expect(wrong(ImportedDeviceSchema, { ...device, zone })).toBe('valid')
    for (const zone of ['Europe/Nowhere', '+01:00', 'Madrid', ''])
      expect(wrong(ImportedDeviceSchema, { ...device, zone })).toContain('/zone ')
    const change = { device: 'd', change: { zone: 'Nowhere' }, actor: 'operator:ann' }
    expect(wrong(deviceUpdate.input, change)).toContain('/change/zone is no IANA time zone, such as Europe/Madrid')
    expect(wrong(deviceUpdate.input, { ...change, change: { zone: null } })).toBe('valid')
  })
})
