import { createHash } from 'node:crypto'
import { answered, type CredentialRole } from '@sluice/contracts'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { REALM } from './config.ts'
import { callHint, committingCalls, taskId } from './testing/call-parts.ts'
import { createCpe, fault, envelope } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'
import { downloadSent, TARGET } from './testing/upgrade-parts.ts'

let stand: Stand
let devices = 0
beforeAll(async () => {
  stand = await openStand({
    transport: await natsTransport(inject('natsUrl')),
    settings: { auth: 'basic', tlsTerminated: true },
  })
})
afterAll(() => stand.close())
beforeEach(() => {
  stand.others.issued.length = 0
  stand.others.confirmed.length = 0
})

const ha1 = createHash('md5').update(`factory:${REALM}:default`).digest('hex')
const authorization = `Basic ${Buffer.from('factory:default').toString('base64')}`
const newCpe = (role: CredentialRole, more: { issueId?: string } = {}) => {
  stand.onCredential = () => answered({ kind: 'known', candidates: [{ role, username: 'factory', ha1, ...more }] })
  const cpe = createCpe({ serial: `K${devices++}`, port: () => stand.gateways[0]!.port })
  const inform = (events: readonly string[] = ['0 BOOTSTRAP', '1 BOOT'], version = '1.0') =>
    cpe.inform({ headers: { authorization }, events, version })
  return { cpe, inform }
}
const accept = '<Status>0</Status>'

describe('a device that came with the credential of its model', () => {
  test('gets one of its own before anything else, which is not confirmed before it was used', async () => {
    const { cpe, inform } = newCpe('bootstrap')
    stand.others.onCall = committingCalls({ [taskId(1)]: { method: 'Reboot' } })
    await stand.hotStore.place([callHint(cpe.deviceKey)])
    expect((await inform()).status).toBe(200)
    const asked = await cpe.empty()
    expect(asked.rpc).toBe('SetParameterValues')
    expect(asked.body).toContain('<Name>Device.ManagementServer.Username</Name>')
    expect(asked.body).toContain('issued-password')
    expect(stand.others.confirmed).toEqual([])
    expect((await cpe.say('SetParameterValuesResponse', accept)).rpc).toBe('Reboot')
    expect(stand.others.issued).toEqual([cpe.deviceKey])
    expect(stand.others.confirmed).toEqual([])
  })

  test('and refuses its own keeps the one it has, and the session goes on', async () => {
    const { cpe, inform } = newCpe('bootstrap')
    stand.others.onCall = committingCalls({ [taskId(1)]: { method: 'Reboot' } })
    await stand.hotStore.place([callHint(cpe.deviceKey)])
    await inform()
    await cpe.empty()
    expect((await cpe.post(envelope('1-2', '1', fault(9001)))).rpc).toBe('Reboot')
    expect(stand.others.confirmed).toEqual([])
  })

  test('after an upgrade that made it forget its own is verified in the same session', async () => {
    const { cpe, inform } = newCpe('bootstrap')
    await downloadSent(stand.hotStore, cpe.deviceKey)
    await inform(['0 BOOTSTRAP', '1 BOOT'], TARGET)
    expect(stand.credentialInputs.at(-1)).toMatchObject({ mayHaveForgotten: true })
    expect((await cpe.empty()).rpc).toBe('SetParameterValues')
    expect((await cpe.say('SetParameterValuesResponse', accept)).rpc).toBe('GetParameterValues')
  })

  test('has no password of ours in its session', async () => {
    const { cpe, inform } = newCpe('bootstrap')
    await inform()
    await cpe.empty()
    const [, token] = (cpe.cookie ?? '').split('.')
    const [resumed] = await stand.hotStore.resume([
      { key: { deviceKey: cpe.deviceKey, token: token ?? '' }, endIfIdle: false },
    ])
    expect(resumed).toMatchObject({ kind: 'resumed' })
    expect(JSON.stringify(resumed)).not.toContain('issued-password')
  })
})

test('a credential that was issued is confirmed when it is first used', async () => {
  const { cpe, inform } = newCpe('pending')
  await inform()
  expect((await cpe.empty()).status).toBe(204)
  expect(stand.others.issued).toEqual([])
  expect(stand.others.confirmed).toEqual([cpe.deviceKey])
})

test('and by the name of its issue, so that a later one is not confirmed with it', async () => {
  const issueId = 'b'.repeat(32)
  const { cpe, inform } = newCpe('pending', { issueId })
  await inform()
  await cpe.empty()
  expect(stand.others.confirmations.at(-1)).toEqual({ deviceKey: cpe.deviceKey, purpose: 'cwmp', issueId })
})

test('a credential that was the device’s own before a return lets it in, and is neither remembered nor replaced', async () => {
  const { cpe, inform } = newCpe('former')
  expect((await inform()).rpc).toBe('InformResponse')
  expect((await cpe.empty()).status).toBe(204)
  expect([stand.others.issued, stand.others.confirmed]).toEqual([[], []])
  expect((await stand.hotStore.latest([cpe.deviceKey]))[0]!.credential).toBeNull()
})

test('a device with its own credential is asked for nothing', async () => {
  const { cpe, inform } = newCpe('own')
  await inform()
  expect((await cpe.empty()).status).toBe(204)
  expect([stand.others.issued, stand.others.confirmed]).toEqual([[], []])
})
