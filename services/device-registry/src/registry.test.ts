import { createHash } from 'node:crypto'
import { createEmbeddedBus } from '@sluice/bus'
import {
  type InformedDevice,
  type OutputOf,
  type Reply,
  credentialChanged,
  deviceCredential,
  deviceGet,
  deviceImport,
  deviceInformed,
  deviceKeyOf,
  deviceList,
} from '@sluice/contracts'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { connectPostgres, createJournal, openEmbedded } from '@sluice/sql'
import { freshDatabase, waitUntil } from '@sluice/testbed'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { createRegistry } from './registry.ts'

const log = createLog({ service: 'test', level: 'silent' })
const ids = createIds()
const actor = 'operator:ann'
const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function databaseOf(kind: 'embedded' | 'postgres') {
  if (kind === 'embedded') return openEmbedded({ memory: true })
  return connectPostgres({ url: await freshDatabase(inject('postgresUrl')) })
}

/** A registry over this database, and the bus of somebody who asks it. */
async function startRegistry(kind: 'embedded' | 'postgres') {
  const busSql = await openEmbedded({ memory: true })
  closing.push(() => busSql.close())
  const hub = await createEmbeddedBus({ sql: busSql, clock: systemClock, log })
  closing.push(() => hub.close())
  const sql = await databaseOf(kind)
  closing.push(() => sql.close())
  const registry = createRegistry(
    { sql, bus: hub.as('device-registry'), clock: systemClock, ids, log },
    { sealKey: 'ab'.repeat(32) },
  )
  await registry.start()
  closing.push(() => registry.stop())
  return { sql, asker: hub.as('cwmp-gateway') }
}

function informed(serialNumber: string, more: Partial<InformedDevice> = {}): InformedDevice {
  const id = { oui: '00D09E', productClass: 'RG 1', serialNumber }
  return {
    ...id,
    deviceKey: deviceKeyOf(id),
    manufacturer: 'Acme',
    softwareVersion: '1.0.0',
    dataModelRoot: 'Device.',
    events: [{ code: '2 PERIODIC', commandKey: '' }],
    sessionId: 's1',
    at: '2026-01-01T00:00:00.000Z',
    ...more,
  }
}

describe.each(['embedded', 'postgres'] as const)('on %s', (kind) => {
  test('an informed device is found by its key and by its readable name', async () => {
    const { asker } = await startRegistry(kind)
    const item = informed('SN-1')
    await asker.publish(deviceInformed, [{ id: ids.event(), key: '00', data: { items: [item] } }])
    const byKey = async () => asker.request(deviceGet, { device: item.deviceKey })
    await waitUntil(async () => (await byKey()).ok)

    const found = await asker.request(deviceGet, { device: '00D09E-RG%201-SN%2D1' })
    expect(found).toEqual(await byKey())
    expect(found).toMatchObject({ ok: true, data: { serialNumber: 'SN-1', softwareVersion: '1.0.0' } })
  })

  test('an older Inform never overwrites a newer one, whatever order they come in', async () => {
    const { asker } = await startRegistry(kind)
    const newer = informed('SN-2', { softwareVersion: '2.0.0', at: '2026-01-01T00:00:05.000Z' })
    const older = informed('SN-2')
    const marker = informed('SN-3')
    await asker.publish(deviceInformed, [
      { id: ids.event(), key: '00', data: { items: [newer] } },
      { id: ids.event(), key: '00', data: { items: [older] } },
      { id: ids.event(), key: '00', data: { items: [older, marker] } },
    ])
    await waitUntil(async () => (await asker.request(deviceGet, { device: marker.deviceKey })).ok)
    expect(await asker.request(deviceGet, { device: older.deviceKey })).toMatchObject({
      data: { softwareVersion: '2.0.0', lastInformAt: '2026-01-01T00:00:05.000Z' },
    })
  })

  test('pages meet every device once, and filters narrow them', async () => {
    const { asker } = await startRegistry(kind)
    const items = Array.from({ length: 7 }, (_, index) => ({
      oui: '00D09E',
      productClass: index < 5 ? 'A' : 'B',
      serialNumber: `P${index}`,
      tags: index % 2 === 0 ? ['lab'] : [],
    }))
    expect(await asker.request(deviceImport, { items, actor })).toEqual({ ok: true, data: { created: 7, updated: 0 } })

    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page: Reply<OutputOf<typeof deviceList>> = await asker.request(deviceList, {
        filter: {},
        limit: 3,
        ...(cursor === null ? {} : { cursor }),
      })
      if (!page.ok) throw new Error(page.error.detail)
      seen.push(...page.data.items.map((device) => device.serialNumber))
      cursor = page.data.next
    } while (cursor !== null)
    expect(seen.toSorted()).toEqual(items.map((item) => item.serialNumber))

    const serials = async (filter: object) => {
      const page = await asker.request(deviceList, { filter, limit: 100 })
      return page.ok ? page.data.items.map((device) => device.serialNumber).toSorted() : []
    }
    expect(await serials({ models: [{ oui: '00D09E', productClass: 'B' }] })).toEqual(['P5', 'P6'])
    expect(await serials({ tags: ['lab'] })).toEqual(['P0', 'P2', 'P4', 'P6'])
    expect(await serials({ names: ['00D09E-A-P1'], tags: [] })).toEqual(['P1'])
    expect(await serials({ softwareVersions: ['9.9'] })).toEqual([])
  })

  test('a credential is answered as HA1, and an unknown device is positively unknown', async () => {
    const { asker } = await startRegistry(kind)
    const id = { oui: '00D09E', productClass: 'A', serialNumber: 'C1' }
    await asker.request(deviceImport, { items: [{ ...id, password: 'pass:wörd' }], actor })
    const name = '00D09E-A-C1'
    expect(await asker.request(deviceCredential, { deviceKey: deviceKeyOf(id), realm: 'sluice' })).toEqual({
      ok: true,
      data: { kind: 'known', username: name, ha1: createHash('md5').update(`${name}:sluice:pass:wörd`).digest('hex') },
    })
    const stranger = deviceKeyOf({ ...id, serialNumber: 'C2' })
    expect(await asker.request(deviceCredential, { deviceKey: stranger, realm: 'sluice' })).toEqual({
      ok: true,
      data: { kind: 'unknown' },
    })
  })

  test('a password is nowhere in the database in clear', async () => {
    const { asker, sql } = await startRegistry(kind)
    await asker.request(deviceImport, {
      items: [{ oui: '00D09E', productClass: 'A', serialNumber: 'C3', password: 'find-me-if-you-can' }],
      actor,
    })
    const rows = await sql.query('select * from registry.devices')
    const journal = await sql.query('select * from registry.journal')
    const stored = JSON.stringify([rows, journal], (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    )
    expect(stored).toContain('C3')
    expect(stored).not.toContain('find-me-if-you-can')
  })

  test('gateways are told to forget a credential that was replaced', async () => {
    const { asker } = await startRegistry(kind)
    const forgotten: string[] = []
    const stop = await asker.consume(credentialChanged, async (batch) => {
      forgotten.push(...batch.flatMap((event) => event.data.deviceKeys))
    })
    closing.push(stop)
    const id = { oui: '00D09E', productClass: 'A', serialNumber: 'C4' }
    await asker.request(deviceImport, { items: [{ ...id, password: 'one' }], actor })
    expect(await asker.request(deviceImport, { items: [{ ...id, password: 'two', tags: ['x'] }], actor })).toEqual({
      ok: true,
      data: { created: 0, updated: 1 },
    })
    await waitUntil(() => forgotten.length === 2)
    expect(forgotten).toEqual([deviceKeyOf(id), deviceKeyOf(id)])
    await asker.request(deviceImport, { items: [{ ...id, username: 'another' }], actor })
    await waitUntil(() => forgotten.length === 3)
    await asker.request(deviceImport, { items: [{ ...id, tags: ['y'] }], actor })
    await asker.request(deviceImport, { items: [{ ...id, username: 'a third' }], actor })
    await waitUntil(() => forgotten.length === 4)
  })

  test('an import stands in the audit trail: who, how many, and which devices up to a bound', async () => {
    const { asker, sql } = await startRegistry(kind)
    const items = Array.from({ length: 150 }, (_, index) => ({
      oui: '00D09E',
      productClass: 'A',
      serialNumber: `J${index}`,
      ...(index < 3 ? { password: 'a-secret-of-it' } : {}),
    }))
    await asker.request(deviceImport, { items, actor })
    const notes = await createJournal('registry').read(sql, {})
    const [note] = notes.filter(({ direction }) => direction === 'note')
    const deviceKeys = items.slice(0, 100).map((item) => deviceKeyOf(item))
    const data = { created: 150, updated: 0, rekeyed: 3, deviceKeys }
    expect(note).toMatchObject({ kind: 'device.imported', actor, data })
    expect(JSON.stringify(notes)).not.toContain('a-secret-of-it')
  })
})
