import {
  deviceCredential,
  deviceGet,
  deviceImport,
  deviceInformed,
  deviceMessageList,
  deviceMessages,
  deviceReach,
  deviceRemove,
  deviceUpdate,
} from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KINDS, type Stand, actor, identity, imported, informed, said, startStand } from '../testing/stand.ts'

describe.each(KINDS)('on %s', (kind) => {
  let stand: Stand
  beforeAll(async () => {
    stand = await startStand(kind)
  })
  afterAll(() => stand.close())

  const missing = { ok: false, error: { code: 'not_found' } }

  test('an update changes what is given and nothing else, and is noted without values', async () => {
    await stand.get(deviceImport, { items: [{ ...imported('D1'), tags: ['a'], password: 'p' }], actor })
    const { deviceKey } = identity('D1')
    const device = '00D09E-RG%201-D1'
    expect(await stand.get(deviceUpdate, { device, change: { tags: ['b', 'c'] }, actor })).toMatchObject({
      deviceKey,
      tags: ['b', 'c'],
      username: device,
    })
    const change = { connectionRequestUsername: 'cr', connectionRequestPassword: 'find-me-not' }
    await stand.get(deviceUpdate, { device: deviceKey, change, actor })
    expect(await stand.get(deviceReach, { deviceKey })).toMatchObject({ username: 'cr', password: 'find-me-not' })
    await stand.get(deviceUpdate, { device: deviceKey, change: { connectionRequestUsername: 'cr2' }, actor })
    expect(await stand.get(deviceReach, { deviceKey })).toMatchObject({ username: 'cr2', password: 'find-me-not' })
    expect(await stand.notes('device.updated')).toMatchObject([
      { actor, deviceKey, data: { changed: ['tags'] } },
      { data: { changed: ['connectionRequestUsername', 'connectionRequestPassword'] } },
      { data: { changed: ['connectionRequestUsername'] } },
    ])
    expect(await stand.ask(deviceUpdate, { device: 'nobody', change: {}, actor })).toMatchObject(missing)
  })

  test('a removed device is gone with its credentials and its log, and the audit trail stays', async () => {
    await stand.get(deviceImport, {
      items: [{ ...imported('D2'), password: 'p', connectionRequestPassword: 'q' }],
      actor,
    })
    const { deviceKey } = identity('D2')
    await stand.publish(deviceMessages, { items: [said(deviceKey)] })
    const lines = async () => (await stand.get(deviceMessageList, { deviceKey, limit: 10 })).items.length
    await waitUntil(async () => (await lines()) === 1)
    await waitUntil(() => stand.forgotten.includes(deviceKey))
    stand.forgotten.length = 0

    await stand.get(deviceRemove, { device: deviceKey, actor })
    expect(await stand.ask(deviceGet, { device: deviceKey })).toMatchObject(missing)
    expect(await stand.ask(deviceReach, { deviceKey })).toMatchObject(missing)
    expect(await stand.get(deviceCredential, { deviceKey, realm: 'r' })).toEqual({ kind: 'unknown' })
    expect(await lines()).toBe(0)
    await waitUntil(() => stand.forgotten.includes(deviceKey))
    expect(await stand.sql.query('select from registry.credentials where device_key = $1', [deviceKey])).toEqual([])
    expect(await stand.notes('device.removed')).toMatchObject([
      { actor, deviceKey, data: { name: '00D09E-RG%201-D2' } },
    ])
    expect(await stand.ask(deviceRemove, { device: deviceKey, actor })).toMatchObject(missing)
  })

  test('an imported way to wake a device serves until the device tells its own', async () => {
    const cr = { connectionRequestUsername: 'cr', connectionRequestPassword: 'pw' }
    const url = 'http://192.0.2.7:7547/imported'
    await stand.get(deviceImport, { items: [{ ...imported('W1'), connectionRequestUrl: url, ...cr }], actor })
    const { deviceKey } = identity('W1')
    expect(await stand.get(deviceReach, { deviceKey })).toEqual({
      deviceKey,
      connectionRequestUrl: url,
      udpConnectionRequestAddress: null,
      natDetected: null,
      jabberId: null,
      username: 'cr',
      password: 'pw',
    })
    expect((await stand.notes('device.imported')).at(-1)).toMatchObject({
      data: { connectionRequestCredentials: 1, rekeyed: 0 },
    })
    const own = 'http://192.0.2.7:7547/own'
    const told = {
      connectionRequestUrl: own,
      udpConnectionRequestAddress: '192.0.2.7:3478',
      natDetected: true,
      jabberId: 'cpe@example.net/1',
    }
    await stand.publish(deviceInformed, { items: [informed('W1', told)] })
    await waitUntil(async () => (await stand.get(deviceReach, { deviceKey })).natDetected === true)
    await stand.get(deviceImport, { items: [{ ...imported('W1'), connectionRequestUrl: url }], actor })
    expect(await stand.get(deviceReach, { deviceKey })).toEqual({ deviceKey, ...told, username: 'cr', password: 'pw' })
    expect((await stand.get(deviceGet, { device: deviceKey })).wakeableBy).toEqual(['http', 'udp', 'xmpp'])
  })

  test('a readable name that is too long for a user name gives way to the key', async () => {
    const item = { ...imported('%'.repeat(64), '%'.repeat(64)), password: 'p' }
    await stand.get(deviceImport, { items: [item], actor })
    const { deviceKey } = identity(item.serialNumber, item.productClass)
    expect(await stand.get(deviceGet, { device: deviceKey })).toMatchObject({ username: deviceKey })
  })

  test('gateways are told to forget a credential that an import replaced, and only that', async () => {
    const { deviceKey } = identity('C4')
    const bring = (more: object) => stand.get(deviceImport, { items: [{ ...imported('C4'), ...more }], actor })
    const told = () => stand.forgotten.filter((key) => key === deviceKey).length
    await bring({ password: 'one' })
    expect(await bring({ password: 'two', tags: ['x'] })).toEqual({ created: 0, updated: 1 })
    await waitUntil(() => told() === 2)
    await bring({ username: 'another' })
    await bring({ tags: ['y'] })
    await bring({ username: 'a third' })
    await waitUntil(() => told() === 4)
  })

  test('an import stands in the audit trail: who, how many, and which devices up to a bound', async () => {
    const items = Array.from({ length: 150 }, (_, index) => ({
      ...imported(`J${index}`),
      ...(index < 3 ? { password: 'a-secret-of-it' } : {}),
      ...(index < 2 ? { connectionRequestPassword: 'a-secret-of-it' } : {}),
    }))
    await stand.get(deviceImport, { items, actor })
    const deviceKeys = items.slice(0, 100).map(({ serialNumber }) => identity(serialNumber).deviceKey)
    const data = { created: 150, updated: 0, rekeyed: 3, connectionRequestCredentials: 2, deviceKeys }
    const note = (await stand.notes('device.imported')).at(-1)
    expect(note).toMatchObject({ actor, data })
    expect(JSON.stringify(note)).not.toContain('a-secret-of-it')
  })
  test('a device has its place from an import or an update; what neither names stays, and null clears', async () => {
    const { deviceKey } = identity('L1')
    const place = { site: 'olt-1', region: 'north', accessNode: 'bng-1', zone: 'Europe/Madrid' }
    await stand.get(deviceImport, { items: [{ ...imported('L1'), ...place, tags: ['t'] }], actor })
    expect(await stand.get(deviceGet, { device: deviceKey })).toMatchObject({ ...place, tags: ['t'] })
    await stand.get(deviceImport, { items: [{ ...imported('L1'), region: 'south' }], actor })
    expect(await stand.get(deviceGet, { device: deviceKey })).toMatchObject({ ...place, region: 'south', tags: ['t'] })
    const change = { site: null, accessNode: 'bng-2' }
    const updated = await stand.get(deviceUpdate, { device: deviceKey, change, actor })
    expect(updated).toMatchObject({ ...place, region: 'south', ...change, tags: ['t'] })
  })

  test('campaigns are told of devices that an operator moved or removed, and of nothing else', async () => {
    const keys = ['M1', 'M2'].map((serial) => identity(serial).deviceKey)
    const told = () => stand.changed.filter(({ deviceKey }) => keys.includes(deviceKey))
    const bring = (...items: object[]) =>
      stand.get(deviceImport, { items: items.map((more, index) => ({ ...imported(`M${index + 1}`), ...more })), actor })
    const [first, second] = keys as [string, string]
    const update = (device: string, change: object) => stand.get(deviceUpdate, { device, change, actor })

    // New, unchanged, or changed in what campaigns have no copy of: nothing to tell.
    await bring({ site: 'a', zone: 'UTC' }, {})
    await bring({ site: 'a', tags: ['x'], region: 'r' }, { accessNode: 'n' })
    await bring({}, {})
    await update(first, { tags: ['y'], site: 'a', region: null })
    // Moved: by an import, by an update, and into the unknown.
    await bring({ site: 'b' }, { zone: 'Europe/Madrid' })
    await update(second, { site: 'c' })
    await update(second, { zone: null })
    await stand.get(deviceRemove, { device: first, actor })
    await waitUntil(() => told().length >= 5)
    const moved = { kind: 'moved', at: expect.any(String) }
    const inOrder = (deviceKey: string) => told().filter((one) => one.deviceKey === deviceKey)
    expect(inOrder(first)).toEqual([
      { ...moved, deviceKey: first, site: 'b', zone: 'UTC' },
      { ...moved, kind: 'removed', deviceKey: first },
    ])
    expect(inOrder(second)).toEqual([
      { ...moved, deviceKey: second, site: null, zone: 'Europe/Madrid' },
      { ...moved, deviceKey: second, site: 'c', zone: 'Europe/Madrid' },
      { ...moved, deviceKey: second, site: 'c', zone: null },
    ])
  })

  test('an import that moves a thousand devices tells of each once', async () => {
    const items = (site: string) => Array.from({ length: 1_000 }, (_, index) => ({ ...imported(`B${index}`), site }))
    await stand.get(deviceImport, { items: items('a'), actor })
    await stand.get(deviceImport, { items: items('b'), actor })
    const told = () => stand.changed.filter((one) => one.kind === 'moved' && one.site === 'b' && one.zone === null)
    await waitUntil(() => told().length >= 1_000)
    expect(new Set(told().map(({ deviceKey }) => deviceKey)).size).toBe(1_000)
    expect(told()).toHaveLength(1_000)
  })
})
