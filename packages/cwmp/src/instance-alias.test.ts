import { describe, expect, it } from 'vitest'

import { encodeEnvelope, instanceAliasesIn, requestedAlias } from './index.ts'

describe('instance aliases', () => {
  it('are told from numbers and names', () => {
    expect(instanceAliasesIn('Device.WiFi.SSID.[cpe-1].SSID')).toEqual(['cpe-1'])
    expect(instanceAliasesIn('Device.A.[x].B.2.C.[y].')).toEqual(['x', 'y'])
    expect(instanceAliasesIn('Device.Services.ABCService.[a]')).toEqual(['a'])
    for (const path of ['Device.WiFi.SSID.1.SSID', 'Device.', '', 'Device.X.[].', 'Device.X[a].', '[a].B', 'D.[a]b.']) {
      expect(instanceAliasesIn(path), path).toEqual([])
    }
  })

  it('may hold dots and blanks', () => {
    expect(instanceAliasesIn('Device.X.[eth0.10].Y.[my lan].')).toEqual(['eth0.10', 'my lan'])
  })

  it('at the end of an object name are what AddObject asks for', () => {
    expect(requestedAlias('Device.X.[a].')).toBe('a')
    expect(requestedAlias('Device.X.[a].Y.[b.c].')).toBe('b.c')
    for (const name of ['Device.X.', 'Device.X.[a].Y.', 'Device.X.2.', 'Device.X.[].']) {
      expect(requestedAlias(name), name).toBeNull()
    }
  })

  it('are found in no time in a hostile path', () => {
    expect(instanceAliasesIn('.['.repeat(100_000))).toEqual([])
    expect(requestedAlias('.['.repeat(100_000))).toBeNull()
  })

  it('are carried untouched', () => {
    const path = 'Device.WiFi.SSID.[cpe-1].SSID'
    const encode = (message: Parameters<typeof encodeEnvelope>[0]['message']) =>
      encodeEnvelope({ id: '1', cwmpVersion: '1.2', message })
    expect(encode({ kind: 'get_parameter_values', names: [path] })).toContain(`<string>${path}</string>`)
    expect(encode({ kind: 'add_object', objectName: 'Device.X.[a].', parameterKey: '' })).toContain(
      '<ObjectName>Device.X.[a].</ObjectName>',
    )
  })
})
