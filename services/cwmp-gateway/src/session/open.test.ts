import { check, deviceInformed } from '@sluice/contracts'
import type { Envelope, Inform } from '@sluice/cwmp'
import { defaultProfiles, deviceProfile } from '@sluice/model-profiles'
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
    profiles,
  })

test('whatever an Inform holds, what is published of it fits its schema', () => {
  const text = fc.string({ maxLength: 300, unit: 'binary' })
  const path = fc.constantFrom(
    'Device.DeviceInfo.SoftwareVersion',
    'InternetGatewayDevice.DeviceInfo.HardwareVersion',
    'Device.ManagementServer.ConnectionRequestURL',
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
