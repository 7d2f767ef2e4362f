import { expect, test } from 'vitest'
import { expandAction } from './expand-action.ts'

const action = { kind: 'xmpp', domain: 'cpe.example' } as const
const device = { deviceKey: `dev_${'a'.repeat(26)}`, dataModelRoot: 'Device.' } as const

test('devices are told whose connection requests to obey, where that is known', () => {
  const namesOf = (wakerJabberId: string) => {
    const call = expandAction(action, device, { wakerJabberId })?.call
    return call?.method === 'SetParameterValues' ? call.parameters.map(({ name, value }) => `${name}=${value}`) : []
  }
  const allowed = 'Device.ManagementServer.ConnReqAllowedJabberIDs=acs@acs.example'
  expect(namesOf('acs@acs.example')).toContain(allowed)
  expect(namesOf('').join()).not.toContain('ConnReqAllowedJabberIDs')
})

test('a server is found by DNS where none is named', () => {
  const call = expandAction(action, device, { wakerJabberId: '' })?.call
  expect(JSON.stringify(call)).not.toContain('Server.1')
})

test('behind a NAT a device has one password for STUN and connection requests, and is known there by its key', () => {
  const expanded = expandAction({ kind: 'stun', serverAddress: 'stun.example', serverPort: 3478 }, device, {
    wakerJabberId: '',
  })
  const server = 'Device.ManagementServer.'
  expect(expanded?.credential).toEqual({
    purpose: 'connection_request',
    into: {
      [`${server}ConnectionRequestUsername`]: 'username',
      [`${server}ConnectionRequestPassword`]: 'password',
      [`${server}STUNPassword`]: 'password',
    },
  })
  const values = expanded?.call.method === 'SetParameterValues' ? expanded.call.parameters : []
  expect(values.find(({ name }) => name === `${server}STUNUsername`)?.value).toBe(device.deviceKey)
  expect(values.at(-1)).toMatchObject({ name: `${server}STUNEnable`, value: 'true' })
})
