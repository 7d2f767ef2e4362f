import { createHash, createHmac } from 'node:crypto'
import {
  bootstrapCredentialList,
  bootstrapCredentialPut,
  bootstrapCredentialRemove,
  credentialConfirm,
  credentialIssue,
  deviceCredential,
  deviceGet,
  deviceImport,
  deviceInformed,
  deviceMessages,
  deviceReach,
  deviceSignature,
  deviceUpdate,
} from '@sluice/contracts'
import { systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KINDS, OUI, type Stand, actor, identity, imported, informed, said, startStand } from '../testing/stand.ts'

const realm = 'sluice'

function ha1(username: string, password: string): string {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest('hex')
}

/** The roles of the candidates a gateway is answered, `unknown` for none. */
async function rolesOf(stand: Stand, serialNumber: string, more: object = {}, productClass?: string) {
  const { deviceKey, ...model } = identity(serialNumber, productClass)
  const found = await stand.get(deviceCredential, {
    deviceKey,
    realm,
    model: { oui: model.oui, productClass: model.productClass },
    ...more,
  })
  return found.kind === 'unknown' ? 'unknown' : found.candidates.map(({ role }) => role)
}

describe.each(KINDS)('on %s', (kind) => {
  let stand: Stand
  beforeAll(async () => {
    stand = await startStand(kind)
    await stand.get(bootstrapCredentialPut, {
      ...model('RG 1'),
      username: 'factory',
      password: 'from-the-factory',
      actor,
    })
  })
  afterAll(() => stand.close())

  const model = (productClass: string) => ({ oui: OUI, productClass })

  test('a credential is answered as HA1, and an unknown device is positively unknown', async () => {
    await stand.get(deviceImport, { items: [{ ...imported('C1', 'RG 7'), password: 'pass:wörd' }], actor })
    const username = '00D09E-RG%207-C1'
    expect(await stand.get(deviceCredential, { deviceKey: identity('C1', 'RG 7').deviceKey, realm })).toEqual({
      kind: 'known',
      candidates: [{ role: 'own', username, ha1: ha1(username, 'pass:wörd') }],
    })
    const stranger = identity('C2', 'RG 7').deviceKey
    expect(await stand.get(deviceCredential, { deviceKey: stranger, realm })).toEqual({ kind: 'unknown' })
  })

  test('a device of a model with a bootstrap credential may make first contact without being in the inventory', async () => {
    const { deviceKey } = identity('B1')
    expect(await stand.get(deviceCredential, { deviceKey, realm, model: model('RG 1') })).toEqual({
      kind: 'known',
      candidates: [{ role: 'bootstrap', username: 'factory', ha1: ha1('factory', 'from-the-factory') }],
    })
    expect(await rolesOf(stand, 'B1', {}, 'RG 2')).toBe('unknown')
    expect(await stand.get(deviceCredential, { deviceKey, realm })).toEqual({ kind: 'unknown' })
  })

  test('the model of a device in the inventory is what stands there, whatever is asked', async () => {
    await stand.get(deviceImport, { items: [imported('B3', 'RG 5')], actor })
    const { deviceKey } = identity('B3', 'RG 5')
    expect(await stand.get(deviceCredential, { deviceKey, realm, model: model('RG 1') })).toEqual({ kind: 'unknown' })
  })

  test('a device with a credential of its own is not let in with that of its model, unless it may have forgotten', async () => {
    await stand.get(deviceImport, { items: [{ ...imported('B2'), password: 'mine' }], actor })
    expect(await rolesOf(stand, 'B2')).toEqual(['own'])
    expect(await rolesOf(stand, 'B2', { mayHaveForgotten: true })).toEqual(['own', 'bootstrap'])
  })

  test('an issued credential is the same until it is confirmed, and then it is the device’s own', async () => {
    await stand.get(deviceImport, { items: [{ ...imported('I1'), password: 'before' }], actor })
    const { deviceKey } = identity('I1')
    await waitUntil(() => stand.forgotten.includes(deviceKey))
    const ask = { deviceKey, purpose: 'cwmp' as const, actor }
    const issued = await stand.get(credentialIssue, ask)
    expect(issued.username).toBe('00D09E-RG%201-I1')
    expect(issued.password).toMatch(/^[A-Za-z0-9_-]{24}$/)
    expect(await stand.get(credentialIssue, ask)).toEqual(issued)
    expect(await stand.notes('credential.issued')).toHaveLength(1)
    expect(await rolesOf(stand, 'I1')).toEqual(['own', 'pending'])

    stand.forgotten.length = 0
    await stand.get(credentialConfirm, { deviceKey, purpose: 'cwmp' })
    await stand.get(credentialConfirm, { deviceKey, purpose: 'cwmp' })
    expect(await stand.get(deviceCredential, { deviceKey, realm })).toEqual({
      kind: 'known',
      candidates: [{ role: 'own', username: issued.username, ha1: ha1(issued.username, issued.password) }],
    })
    await waitUntil(() => stand.forgotten.length > 0)
    expect(stand.forgotten).toEqual([deviceKey])
    expect(await stand.notes('credential.confirmed')).toHaveLength(1)
    expect((await stand.get(credentialIssue, ask)).password).not.toBe(issued.password)
  })

  test('a confirmation that names its issue confirms that one, and never what was issued since', async () => {
    await stand.get(deviceImport, { items: [{ ...imported('N1'), password: 'before' }], actor })
    const { deviceKey } = identity('N1')
    const ask = { deviceKey, purpose: 'cwmp' as const, actor }
    const first = await stand.get(credentialIssue, ask)
    const found = await stand.get(deviceCredential, { deviceKey, realm })
    expect(found.kind === 'known' && found.candidates).toMatchObject([
      { role: 'own' },
      { role: 'pending', issueId: first.issueId },
    ])
    const confirm = { deviceKey, purpose: 'cwmp' as const, issueId: first.issueId! }
    await stand.get(credentialConfirm, confirm)
    expect(await rolesOf(stand, 'N1')).toEqual(['own'])
    const second = await stand.get(credentialIssue, ask)
    expect(second.issueId).not.toBe(first.issueId)
    await stand.get(credentialConfirm, confirm)
    expect(await rolesOf(stand, 'N1')).toEqual(['own', 'pending'])
    await stand.get(credentialConfirm, { ...confirm, issueId: second.issueId! })
    expect(await rolesOf(stand, 'N1')).toEqual(['own'])
  })

  test('a password that an operator sets ends what was issued before', async () => {
    const items = [{ ...imported('O1'), password: 'one' }]
    await stand.get(deviceImport, { items, actor })
    const { deviceKey } = identity('O1')
    const ask = { deviceKey, purpose: 'cwmp' as const, actor }
    const issued = await stand.get(credentialIssue, ask)
    await stand.get(deviceUpdate, { device: deviceKey, change: { username: 'other' }, actor })
    expect(await rolesOf(stand, 'O1')).toEqual(['own', 'pending'])
    await stand.get(deviceUpdate, { device: deviceKey, change: { password: 'two' }, actor })
    expect(await rolesOf(stand, 'O1')).toEqual(['own'])
    await stand.get(credentialConfirm, { deviceKey, purpose: 'cwmp' })
    expect(await stand.get(deviceCredential, { deviceKey, realm })).toMatchObject({
      candidates: [{ role: 'own', ha1: ha1('other', 'two') }],
    })
    expect((await stand.get(credentialIssue, ask)).password).not.toBe(issued.password)
    await stand.get(deviceImport, { items, actor })
    expect(await rolesOf(stand, 'O1')).toEqual(['own'])
  })

  test('a row sealed with another key fails its own device, and nobody beside it', async () => {
    const items = ['X1', 'X2'].map((serial) => ({ ...imported(serial), username: serial, password: 'mine' }))
    await stand.get(deviceImport, { items, actor })
    const [odd, even] = ['X1', 'X2'].map((serial) => identity(serial).deviceKey) as [string, string]
    await stand.sql.query(`update registry.credentials set sealed_password = 'other' where device_key = $1`, [odd])
    const credentials = [odd, even].map((deviceKey) => stand.ask(deviceCredential, { deviceKey, realm }))
    expect(await Promise.all(credentials)).toMatchObject([
      { ok: false, error: { code: 'unavailable' } },
      { ok: true, data: { kind: 'known' } },
    ])
    const body = Buffer.from('<Notification/>')
    const signature = createHmac('sha1', 'mine').update(body).digest('hex')
    const signatures = [odd, even].map((deviceKey, index) =>
      stand.ask(deviceSignature, { deviceKey, username: `X${index + 1}`, body: body.toString('base64'), signature }),
    )
    expect(await Promise.all(signatures)).toMatchObject([
      { ok: false, error: { code: 'unavailable' } },
      { ok: true, data: { kind: 'valid' } },
    ])
    expect(stand.logged.some((line) => line.includes('registry.credential.unreadable') && line.includes(odd))).toBe(
      true,
    )
  })

  test('two who ask at once are issued the same credential', async () => {
    await stand.get(deviceImport, { items: [imported('I2')], actor })
    const { deviceKey } = identity('I2')
    const asked = Array.from({ length: 8 }, () => stand.get(credentialIssue, { deviceKey, purpose: 'xmpp', actor }))
    const issued = await Promise.all(asked)
    expect(new Set(issued.map(({ username, password }) => `${username} ${password}`)).size).toBe(1)
  })

  test('a first contact keeps the bootstrap credential until the issued one is confirmed', async () => {
    await stand.publish(deviceInformed, { items: [informed('I3')] })
    const { deviceKey } = identity('I3')
    // Asked before the Inform was written: it is waited for.
    await stand.get(credentialIssue, { deviceKey, purpose: 'cwmp', actor })
    expect(await rolesOf(stand, 'I3')).toEqual(['pending', 'bootstrap'])
    await stand.get(credentialConfirm, { deviceKey, purpose: 'cwmp' })
    expect(await rolesOf(stand, 'I3')).toEqual(['own'])
  })

  test('nothing is issued to a device that never comes', async () => {
    const { deviceKey } = identity('I4')
    expect(await stand.ask(credentialIssue, { deviceKey, purpose: 'cwmp', actor })).toMatchObject({
      ok: false,
      error: { code: 'not_found' },
    })
  })

  test('credentials of one purpose leave those of another alone', async () => {
    await stand.get(deviceImport, { items: [{ ...imported('I5'), password: 'mine' }], actor })
    const { deviceKey } = identity('I5')
    await waitUntil(() => stand.forgotten.includes(deviceKey))
    stand.forgotten.length = 0
    const { issueId: _, ...issued } = await stand.get(credentialIssue, {
      deviceKey,
      purpose: 'connection_request',
      actor,
    })
    expect(await stand.get(deviceReach, { deviceKey })).toMatchObject(issued)
    await stand.get(credentialConfirm, { deviceKey, purpose: 'connection_request' })
    expect(await stand.get(deviceReach, { deviceKey })).toMatchObject(issued)
    expect(await rolesOf(stand, 'I5')).toEqual(['own'])
    expect(issued.username).not.toContain('I5')
    const later = identity('I6').deviceKey
    await stand.get(deviceImport, { items: [{ ...imported('I6'), password: 'mine' }], actor })
    await waitUntil(() => stand.forgotten.includes(later))
    expect(stand.forgotten).toEqual([later])
  })

  test('a changed user name or password replaces the old one, and gateways forget', async () => {
    await stand.get(deviceImport, { items: [{ ...imported('U1'), username: 'u1', password: 'one' }], actor })
    const { deviceKey } = identity('U1')
    await waitUntil(() => stand.forgotten.includes(deviceKey))
    stand.forgotten.length = 0
    await stand.get(deviceUpdate, { device: deviceKey, change: { password: 'two' }, actor })
    expect(await stand.get(deviceCredential, { deviceKey, realm })).toMatchObject({
      candidates: [{ role: 'own', username: 'u1', ha1: ha1('u1', 'two') }],
    })
    await waitUntil(() => stand.forgotten.length === 1)
    await stand.get(deviceUpdate, { device: deviceKey, change: { tags: ['x'] }, actor })
    await stand.get(deviceUpdate, { device: deviceKey, change: { username: 'u2' }, actor })
    await waitUntil(() => stand.forgotten.length === 2)
    expect(await stand.get(deviceGet, { device: deviceKey })).toMatchObject({ username: 'u2', tags: ['x'] })
  })

  test('a message is validly signed with the password that holds or was issued, by its user name, and with no other', async () => {
    await stand.get(deviceImport, {
      items: [{ ...imported('M1'), username: 'm1', password: 'mine' }, imported('M2')],
      actor,
    })
    const { deviceKey } = identity('M1')
    const body = Buffer.from('<Notification>ü</Notification>')
    const verdict = async (password: string, more: object = {}) => {
      const signature = createHmac('sha1', password).update(body).digest('hex')
      const signed = { deviceKey, username: 'm1', body: body.toString('base64'), signature, ...more }
      return (await stand.get(deviceSignature, signed)).kind
    }
    expect(await verdict('mine')).toBe('valid')
    expect(await verdict('other')).toBe('invalid')
    expect(await verdict('mine', { body: Buffer.from('changed').toString('base64') })).toBe('invalid')
    expect(await verdict('mine', { username: 'm2' })).toBe('unknown')
    expect(await verdict('mine', { deviceKey: identity('M2').deviceKey })).toBe('unknown')
    const issued = await stand.get(credentialIssue, { deviceKey, purpose: 'cwmp', actor })
    expect(await verdict(issued.password, { username: issued.username })).toBe('valid')
    expect(await verdict(issued.password)).toBe('invalid')
  })

  test('a bootstrap credential is listed without its password, and a withdrawn one lets nobody in', async () => {
    const other = model('RG 9')
    await stand.get(bootstrapCredentialPut, { ...other, username: 'nine', password: 'nine-nine', actor })
    const { items } = await stand.get(bootstrapCredentialList, {})
    expect(items).toContainEqual({ ...other, username: 'nine' })
    expect(JSON.stringify(items)).not.toContain('nine-nine')
    await stand.publish(deviceInformed, { items: [informed('B9', other)] })
    const { deviceKey } = identity('B9', 'RG 9')
    await waitUntil(async () => (await stand.ask(deviceGet, { device: deviceKey })).ok)
    expect(await rolesOf(stand, 'B9', {}, 'RG 9')).toEqual(['bootstrap'])

    await stand.get(bootstrapCredentialRemove, { ...other, actor })
    expect(await rolesOf(stand, 'B9', {}, 'RG 9')).toBe('unknown')
    await waitUntil(() => stand.forgotten.includes(deviceKey))
    expect(await stand.ask(bootstrapCredentialRemove, { ...other, actor })).toMatchObject({
      error: { code: 'not_found' },
    })
  })

  test('no password stands in clear in the database, in the audit trail or in the log', async () => {
    await stand.get(deviceImport, {
      items: [{ ...imported('S1'), password: 'clear-one', connectionRequestPassword: 'clear-two' }],
      actor,
    })
    const { deviceKey } = identity('S1')
    const change = { password: 'clear-three', connectionRequestPassword: 'clear-four' }
    await stand.get(deviceUpdate, { device: deviceKey, change, actor })
    const { password } = await stand.get(credentialIssue, { deviceKey, purpose: 'cwmp', actor })
    const written = (await stand.stored()) + stand.logged.join('')
    expect(written).toContain(deviceKey)
    for (const secret of ['clear-', 'from-the-factory', password]) {
      expect(written).not.toContain(secret)
      expect(written).not.toContain(Buffer.from(secret).toString('hex'))
    }
  })
})

describe.each(KINDS)('without auto-registration, on %s', (kind) => {
  test('only imported devices get the bootstrap credential, and informs of others are not written', async () => {
    const stand = await startStand(kind, { settings: { autoRegistration: false } })
    try {
      await stand.get(bootstrapCredentialPut, { oui: OUI, productClass: 'RG 1', username: 'f', password: 'f', actor })
      await stand.get(deviceImport, { items: [imported('K1')], actor })
      expect(await rolesOf(stand, 'K1')).toEqual(['bootstrap'])
      expect(await rolesOf(stand, 'K2')).toBe('unknown')

      const boot = [{ code: '1 BOOT', commandKey: '' }]
      await stand.publish(deviceInformed, {
        items: [informed('K2', { events: boot }), informed('K1', { events: boot })],
      })
      await waitUntil(async () => {
        const { lastInformAt } = await stand.get(deviceGet, { device: identity('K1').deviceKey })
        return lastInformAt !== null
      })
      expect(await stand.ask(deviceGet, { device: identity('K2').deviceKey })).toMatchObject({
        error: { code: 'not_found' },
      })
      await waitUntil(() => stand.logged.some((line) => line.includes('registry.inform.of_stranger')))
      const messages = ['K2', 'K1'].map((serial) => said(identity(serial).deviceKey))
      await stand.publish(deviceMessages, { items: messages })
      const lines = () => stand.sql.query('select device_key, method from registry.device_messages order by method')
      await waitUntil(async () => (await lines()).length >= 2)
      expect(await lines()).toEqual(
        ['Inform', 'TransferComplete'].map((method) => ({ device_key: identity('K1').deviceKey, method })),
      )
      const issued = await stand.ask(credentialIssue, { deviceKey: identity('K2').deviceKey, purpose: 'cwmp', actor })
      expect(issued).toMatchObject({ error: { code: 'not_found' } })
    } finally {
      await stand.close()
    }
  })
})

describe.each(KINDS)('devices that may have forgotten, on %s', (kind) => {
  let now = Date.parse('2026-01-01T10:00:00Z')
  let stand: Stand
  beforeAll(async () => {
    stand = await startStand(kind, {
      settings: { bootstrapReturnsPerHour: 2 },
      clock: { ...systemClock, now: () => now },
    })
    await stand.get(bootstrapCredentialPut, { oui: OUI, productClass: 'RG 1', username: 'f', password: 'f', actor })
    const serials = [...Array.from({ length: 22 }, (_, index) => `R${index}`), 'T1', 'T2', 'T3']
    await stand.get(deviceImport, {
      items: serials.map((serial) => ({ ...imported(serial), username: 'own', password: 'own' })),
      actor,
    })
  })
  afterAll(() => stand.close())

  const ask = (serial: string, more: object = {}) => ({
    deviceKey: identity(serial).deviceKey,
    purpose: 'cwmp' as const,
    actor,
    ...more,
  })
  const come = (serial: string) => rolesOf(stand, serial, { mayHaveForgotten: true })
  const comeBack = (serial: string, sessionId?: string) =>
    stand.ask(credentialIssue, ask(serial, { byBootstrap: true, ...(sessionId === undefined ? {} : { sessionId }) }))
  const logged = (event: string) => stand.logged.filter((line) => line.includes(event)).length

  test('are counted once they have proved the credential of their model: above a rate it is an alarm, at ten times as many they are refused until the next hour', async () => {
    const alarms = () => logged('registry.bootstrap.rate_exceeded')
    // Whoever only asks is not counted, and keeps nobody out.
    for (let index = 0; index < 22; index += 1) expect(await come(`R${index}`)).toEqual(['own', 'bootstrap'])
    for (const index of [0, 1]) expect(await comeBack(`R${index}`)).toMatchObject({ ok: true })
    // One that comes again is one.
    expect(await comeBack('R1')).toMatchObject({ ok: true })
    expect(alarms()).toBe(0)
    expect(await comeBack('R2')).toMatchObject({ ok: true })
    expect(alarms()).toBe(1)
    for (let index = 3; index < 20; index += 1) await comeBack(`R${index}`)
    expect(await comeBack('R20')).toMatchObject({ ok: false, error: { code: 'unavailable' } })
    expect(await come('R20')).toEqual(['own'])
    expect(await comeBack('R19')).toMatchObject({ ok: true })
    expect(await come('R19')).toEqual(['own', 'pending', 'bootstrap'])
    // Who comes by its own, or has none and makes a first contact, is not meant.
    expect(await stand.ask(credentialIssue, ask('R20'))).toMatchObject({ ok: true })
    expect(await rolesOf(stand, 'R99')).toEqual(['bootstrap'])
    now += 3_600_000
    expect(await come('R21')).toEqual(['own', 'bootstrap'])
    expect(await comeBack('R21')).toMatchObject({ ok: true })
  })

  test('are issued a fresh password in each session, and the same within one', async () => {
    now += 3_600_000
    const passwordOf = async (reply: ReturnType<typeof comeBack>) => {
      const issued = await reply
      return issued.ok ? issued.data.password : issued.error.code
    }
    const thief = await passwordOf(comeBack('T1', 's1'))
    expect(await passwordOf(comeBack('T1', 's1'))).toBe(thief)
    const device = await passwordOf(comeBack('T1', 's2'))
    expect(device).not.toBe(thief)
    // Who came by its own is not handed either of them.
    const { password } = await stand.get(credentialIssue, ask('T1'))
    expect([thief, device]).not.toContain(password)
    expect((await stand.get(credentialIssue, ask('T1'))).password).toBe(password)
  })

  test('leave what was the device’s own accepted for 30 days, also when they come again', async () => {
    now += 3_600_000
    const takeOver = async (serial: string) => {
      await comeBack(serial)
      await stand.get(credentialConfirm, { deviceKey: identity(serial).deviceKey, purpose: 'cwmp' })
    }
    const { deviceKey } = identity('T2')
    await takeOver('T2')
    expect(logged('registry.credential.contested')).toBe(0)
    await takeOver('T2')
    expect(logged('registry.credential.contested')).toBe(1)
    const found = await stand.get(deviceCredential, { deviceKey, realm })
    expect(found.kind === 'known' && found.candidates).toMatchObject([
      { role: 'own' },
      { role: 'former', ha1: ha1('own', 'own') },
    ])
    const body = Buffer.from('<Notification/>')
    const signature = createHmac('sha1', 'own').update(body).digest('hex')
    const signed = { deviceKey, username: 'own', body: body.toString('base64'), signature }
    expect(await stand.get(deviceSignature, signed)).toEqual({ kind: 'valid' })
    // What is issued to a device that came by its own, or by the former, takes nothing away from it.
    await stand.get(credentialIssue, ask('T2'))
    await stand.get(credentialConfirm, { deviceKey, purpose: 'cwmp' })
    expect(await rolesOf(stand, 'T2')).toEqual(['own', 'former'])
    now += 30 * 86_400_000
    expect(await rolesOf(stand, 'T2')).toEqual(['own'])
    expect(await stand.get(deviceSignature, signed)).toEqual({ kind: 'unknown' })
  })

  test('keep no former credential once an operator has set a password', async () => {
    now += 3_600_000
    const { deviceKey } = identity('T3')
    await comeBack('T3')
    await stand.get(credentialConfirm, { deviceKey, purpose: 'cwmp' })
    expect(await rolesOf(stand, 'T3')).toEqual(['own', 'former'])
    await stand.get(deviceUpdate, { device: deviceKey, change: { password: 'new' }, actor })
    expect(await rolesOf(stand, 'T3')).toEqual(['own'])
  })
})
