import { type OutputOf, deviceGet, deviceImport, deviceInformed, deviceList } from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KINDS, OUI, type Stand, actor, informed, startStand } from '../testing/stand.ts'

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
})
