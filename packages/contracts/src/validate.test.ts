import { describe, expect, test } from 'vitest'
import { DeviceTaskDraftSchema, check } from './index.ts'

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
