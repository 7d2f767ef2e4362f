import { check, deviceInformed } from '@sluice/contracts'
import type { Envelope, Inform } from '@sluice/cwmp'
import { defaultProfiles, deviceProfile, profileFor } from '@sluice/model-profiles'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openSession } from './open.ts'

const inform: Inform = {
  kind: 'inform',
  deviceId: { manufacturer: 'Acme', oui: '00d09e', productClass: 'HomeBox', serialNumber: 'S1' },
  events: [{ code: '1 BOOT', commandKey: '' }],
  maxEnvelopes: 1,
  currentTime: null,
  retryCount: 0,
  parameters: [],
}
const envelope: Envelope = {
  id: '1',
  cwmpVersion: '1.2',
  sessionTimeoutSeconds: null,
  supportedVersions: [],
  body: inform,
}
const open = (more: Partial<Envelope> = {}, said: Partial<Inform> = {}, profiles = defaultProfiles) =>
  openSession({
    envelope: { ...envelope, ...more },
    inform: { ...inform, ...said },
    deviceKey: 'dev_' + 'a'.repeat(26),
    sessionId: 'session',
    now: 1_700_000_000_000,
    profileFor: (model) => profileFor(profiles, model),
    warnings: [],
  })

test('whatever an Inform holds, what is published of it fits its schema', () => {
  const text = fc.string({ maxLength: 300, unit: 'binary' })
  const path = fc.constantFrom(
    'Device.DeviceInfo.SoftwareVersion',
    'InternetGatewayDevice.DeviceInfo.HardwareVersion',
    'Device.ManagementServer.ConnectionRequestURL',
    'Device.ManagementServer.UDPConnectionRequestAddress',
    'Device.ManagementServer.NATDetected',
    'Device.ManagementServer.ConnReqJabberID',
    'Device.GatewayInfo.ManufacturerOUI',
    'Device.GatewayInfo.SerialNumber',
    'Device.GatewayInfo.ProductClass',
    'Device.DeviceInfo.ProxierInfo.ProxyProtocol',
    'x',
  )
  fc.assert(
    fc.property(
      fc.array(fc.record({ code: text, commandKey: text }), { maxLength: 80 }),
      fc.array(fc.record({ name: path, value: text, type: fc.constant(null) })),
      (events, parameters) => {
        const { informed } = open({}, { events, parameters })
        expect(check(deviceInformed.data, { items: [informed] })).toMatchObject({ kind: 'valid' })
      },
    ),
  )
})

test.each<[readonly string[], object]>([
  [[], { message: { kind: 'inform_response' } }],
  [['1.0', '1.4', '1.2'], { message: { kind: 'inform_response' }, useCwmpVersion: '1.4' }],
  [['1.0', '1.9'], { message: { kind: 'inform_response' }, useCwmpVersion: '1.0' }],
  [['2.0'], { message: { kind: 'acs_fault', code: 8006 } }],
])('a CPE that offers the versions %j is answered by TR-069 3.7.2.1', (supportedVersions, reply) => {
  expect(open({ supportedVersions }).reply).toEqual(reply)
})

test.each([
  [null, 60_000],
  [5, 60_000],
  [120, 120_000],
  [86_400, 600_000],
])('a CPE that keeps sessions %s seconds has one of %i ms', (sessionTimeoutSeconds, ttlMs) => {
  expect(open({ sessionTimeoutSeconds }).session.ttlMs).toBe(ttlMs)
})

test('a model that takes long to answer has a session that waits for it', () => {
  const slow = [{ ...deviceProfile, answerMs: 240_000 }]
  expect(open({}, {}, slow).session.ttlMs).toBe(270_000)
})

const parameters = (values: Record<string, string>) =>
  Object.entries(values).map(([name, value]) => ({ name, value, type: null }))

test('an Inform tells how its device is woken, by TCP, UDP and XMPP (3.2.2, Annexes G and K)', () => {
  const at = 'Device.ManagementServer.'
  const said = parameters({
    [`${at}ConnectionRequestURL`]: 'http://192.0.2.1:7547/cr',
    [`${at}UDPConnectionRequestAddress`]: '192.0.2.1:4000',
    [`${at}NATDetected`]: '1',
    [`${at}ConnReqJabberID`]: 'cpe@example.org/x',
  })
  expect(open({}, { parameters: said }).informed).toMatchObject({
    connectionRequestUrl: 'http://192.0.2.1:7547/cr',
    udpConnectionRequestAddress: '192.0.2.1:4000',
    natDetected: true,
    jabberId: 'cpe@example.org/x',
  })
})

test('a device behind a gateway says which one (Annex F)', () => {
  const at = 'Device.GatewayInfo.'
  const said = parameters({
    [`${at}ManufacturerOUI`]: '00D09E',
    [`${at}ProductClass`]: 'G',
    [`${at}SerialNumber`]: 'S',
  })
  expect(open({}, { parameters: said }).informed.gateway).toEqual({
    oui: '00D09E',
    productClass: 'G',
    serialNumber: 'S',
  })
})

test('a proxied device says how, and a proxier that lists its devices is none (Annex J)', () => {
  const proxied = parameters({ 'Device.DeviceInfo.ProxierInfo.ProxyProtocol': 'UPnP-DM' })
  const proxier = parameters({ 'Device.ManagementServer.VirtualDevice.1.ProxyProtocol': 'UPnP-DM' })
  expect(open({}, { parameters: proxied }).informed.proxied).toBe('UPnP-DM')
  expect(open({}, { parameters: proxier }).informed.proxied).toBeUndefined()
})

test.each([
  ['true', true],
  ['1', true],
  ['false', false],
])('a CPE that says %j of alias-based addressing may be sent aliases: %s (3.6.1)', (value, takes) => {
  const said = parameters({ 'Device.ManagementServer.AliasBasedAddressing': value })
  expect(open({}, { parameters: said }).session.takesAliases).toBe(takes)
})

test.each<[string, Partial<Envelope>, string]>([
  ['names its versions', { supportedVersions: ['1.0', '1.4'] }, '1.4'],
  ['sends SessionTimeout under the namespace of 1.2', { sessionTimeoutSeconds: 60 }, '1.3'],
  ['has nothing but its namespace', { cwmpVersion: '1.1' }, '1.1'],
])('quirk 16: the version of a CPE that %s is known', (_, more, version) => {
  expect(open(more).informed.cwmpVersion).toBe(version)
})
