import { type OutputOf, deviceGet, deviceImport, deviceInformed, deviceList } from '@sluice/contracts'
import { matches, parse } from '@sluice/targets'
import type { Queryable } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KINDS, OUI, type Stand, actor, imported, informed, startStand } from '../testing/stand.ts'
import { type Scanned, scanDevices } from './scan-devices.ts'
import { wantedOf } from './wanted-devices.ts'

describe.each(KINDS)('on %s', (kind) => {
  let stand: Stand
  beforeAll(async () => {
    stand = await startStand(kind)
  })
  afterAll(() => stand.close())

  /** Every page of a filter. */
  const pages = async (filter: object, limit: number) => {
    const found: OutputOf<typeof deviceList>[] = []
    for (let cursor: string | null | undefined; cursor !== null; cursor = found.at(-1)?.next ?? null) {
      found.push(await stand.get(deviceList, { filter, limit, ...(cursor === undefined ? {} : { cursor }) }))
    }
    return found
  }
  const serials = async (filter: object, limit = 100) => {
    const found = await pages(filter, limit)
    return found.flatMap(({ items }) => items.map((device) => device.serialNumber)).toSorted()
  }

  test('an informed device is found by its key and by its readable name', async () => {
    const item = informed('SN-1')
    await stand.publish(deviceInformed, { items: [item] })
    const byKey = () => stand.ask(deviceGet, { device: item.deviceKey })
    await waitUntil(async () => (await byKey()).ok)

    const found = await stand.ask(deviceGet, { device: '00D09E-RG%201-SN%2D1' })
    expect(found).toEqual(await byKey())
    expect(found).toMatchObject({ ok: true, data: { serialNumber: 'SN-1', softwareVersion: '1.0.0' } })
  })

  test('pages meet every device once, and filters narrow them', async () => {
    const items = Array.from({ length: 7 }, (_, index) => ({
      oui: OUI,
      productClass: index < 5 ? 'A' : 'B',
      serialNumber: `P${index}`,
      tags: index % 2 === 0 ? ['lab', 'paged'] : ['paged'],
    }))
    expect(await stand.get(deviceImport, { items, actor })).toEqual({ created: 7, updated: 0 })
    expect(await serials({ tags: ['paged'] }, 3)).toEqual(items.map((item) => item.serialNumber))
    expect(await serials({ models: [{ oui: OUI, productClass: 'B' }] })).toEqual(['P5', 'P6'])
    expect(await serials({ tags: ['lab'] })).toEqual(['P0', 'P2', 'P4', 'P6'])
    expect(await serials({ names: ['00D09E-A-P1'], tags: [] })).toEqual(['P1'])
    expect(await serials({ softwareVersions: ['9.9'] })).toEqual([])
  })

  test('a page that no message could carry is handed out in parts', async () => {
    const manufacturer = 'm'.repeat(64)
    const items = Array.from({ length: 1_600 }, (_, index) => ({
      manufacturer,
      oui: OUI,
      productClass: '%'.repeat(64),
      serialNumber: `${'%'.repeat(58)}${index}`,
    }))
    for (let from = 0; from < items.length; from += 800) {
      await stand.get(deviceImport, { items: items.slice(from, from + 800), actor })
    }
    const found = await pages({ models: [{ oui: OUI, productClass: '%'.repeat(64) }] }, 5_000)
    expect(found.length).toBeGreaterThan(1)
    const keys = found.flatMap((page) => page.items.map(({ deviceKey }) => deviceKey))
    expect(new Set(keys).size).toBe(1_600)
    expect(keys).toHaveLength(1_600)
  })
  test('an expression finds the devices it meets and no others, whatever an index looks up and however short the pages', async () => {
    const items = Array.from({ length: 30 }, (_, index) => ({
      ...imported(`T${index}`, index % 3 === 0 ? 'X' : 'Y'),
      tags: ['targeted', ...(index % 2 === 0 ? ['even'] : [])],
      ...(index % 5 === 0 ? {} : { site: `olt-${index % 4}`, accessNode: `bng-${index % 2}` }),
    }))
    await stand.get(deviceImport, { items, actor })
    const versioned = items
      .slice(0, 20)
      .map(({ serialNumber, productClass }, index) =>
        informed(serialNumber, { productClass, softwareVersion: `1.${index}`, at: '2026-01-01T00:00:00.000Z' }),
      )
    await stand.publish(deviceInformed, { items: versioned })
    const last = versioned.at(-1)!.deviceKey
    await waitUntil(async () => (await stand.get(deviceGet, { device: last })).softwareVersion !== null)
    const everybody = (await pages({ tags: ['targeted'] }, 1_000)).flatMap((page) => page.items)
    expect(everybody).toHaveLength(30)

    const wheres = [
      'site = "olt-1"',
      'site in ("olt-1", "olt-2", "nowhere") and accessNode = "bng-0"',
      'site = "olt-1" and site = "olt-2"',
      'not site = "olt-1"',
      'site is unknown or softwareVersion is unknown',
      'oui = "00d09e" and productClass = "X"',
      'softwareVersion >= "1.9" and < "1.12"',
      'softwareVersion in ("1.3", "1.4") and tag = "even"',
      'serialNumber = "T7" or serialNumber = "T8"',
      'serialNumber = "T7"',
      'name starts with "00D09E-X-T1"',
      'lastInform never and productClass = "Y"',
      'lastInform before "2026-01-02" and percent < 50',
      'site = "with a \u0000 in it"',
    ]
    for (const where of wheres) {
      const found = parse(where)
      if (found.kind === 'wrong') throw new Error(found.detail)
      const met = everybody.filter((device) => matches(found.expression, device, Date.now()))
      const expected = met.map(({ serialNumber }) => serialNumber).toSorted()
      expect(await serials({ tags: ['targeted'], where }, 3), where).toEqual(expected)
      const names = met.map(({ name }) => name)
      expect(await serials({ where, names: [...names, 'another'] }, 4), where).toEqual(expected)
    }
  })

  test('a wrong expression is refused with the sentence that says why', async () => {
    expect(await stand.ask(deviceList, { filter: { where: 'site ~ "a.*"' }, limit: 1 })).toMatchObject({
      ok: false,
      error: { code: 'invalid_request', detail: expect.stringContaining('at character 6: "~" means nothing here') },
    })
  })

  test('one request looks at a bounded part of the inventory, and says where to go on', async () => {
    const most = 2_000
    await stand.sql.query(
      `insert into registry.devices (device_key, name, manufacturer, oui, product_class, serial_number, first_seen_at, region)
       select 'dev_' || lpad(translate(n::text, '0123456789', 'abcdefghij'), 26, 'a'), 'many-' || n, '', 'AAAAAA', 'many', n::text,
         0, case when n = $1::integer then 'far' else 'near' end
       from generate_series(1, $1::integer) as n`,
      [2 * most + 500],
    )
    let rows = 0
    const counting: Queryable = {
      query: async <Row>(text: string, values?: readonly unknown[]) => {
        const read = await stand.sql.query<Row>(text, values)
        rows += read.length
        return read
      },
    }
    const found = wantedOf({ where: 'region starts with "far"', models: [{ oui: 'AAAAAA', productClass: 'many' }] })
    if (found.kind === 'wrong') throw new Error(found.detail)
    const keys: string[] = []
    const costs: number[] = []
    for (let after: string | null = ''; after !== null;) {
      rows = 0
      const scanned: Scanned = await scanDevices(counting, { wanted: found.wanted, after, limit: 10, now: 0, most })
      keys.push(...scanned.keys)
      costs.push(rows)
      after = scanned.next
    }
    expect(keys).toHaveLength(1)
    expect(costs.length).toBeGreaterThan(1)
    // What an index was asked for and turned out to be many comes on top, and where each part of the inventory ends.
    expect(Math.max(...costs)).toBeLessThanOrEqual(most + 2_001 + 10)
  })
})
