import { type InformedDevice, type InputOf, deviceGet, deviceImport, deviceList, deviceUpdate } from '@sluice/contracts'
import type { Clock } from '@sluice/runtime'
import { systemClock } from '@sluice/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recordInforms } from '../informs/record-informs.ts'
import { KINDS, type Stand, actor, identity, imported, informed, startStand } from '../testing/stand.ts'

describe.each(KINDS)('on %s', (kind) => {
  let stand: Stand
  let now = 1_000
  const clock: Clock = { ...systemClock, now: () => now }
  beforeAll(async () => {
    stand = await startStand(kind, { clock })
  })
  afterAll(() => stand.close())

  const { deviceKey } = identity('CH')
  const changedAt = async () => Date.parse((await stand.get(deviceGet, { device: deviceKey })).changedAt)
  const bring = (more: object) => stand.get(deviceImport, { items: [{ ...imported('CH'), ...more }], actor })
  const update = (change: InputOf<typeof deviceUpdate>['change']) =>
    stand.get(deviceUpdate, { device: deviceKey, change, actor })
  let second = 0
  const inform = (more: Partial<InformedDevice> = {}) => {
    second += 1
    const at = new Date(second * 1_000).toISOString()
    return recordInforms(stand.sql, [informed('CH', { at, ...more })], true, now)
  }

  const moves: [string, () => Promise<unknown>][] = [
    ['it is imported', () => bring({ tags: ['a'] })],
    ['it tells its version', () => inform()],
    ['it tells another version', () => inform({ softwareVersion: '2' })],
    ['it tells its hardware version', () => inform({ softwareVersion: '2', hardwareVersion: 'h' })],
    ['its manufacturer has another name', () => inform({ softwareVersion: '2', manufacturer: 'Acme Inc' })],
    ['an import gives it other tags', () => bring({ tags: ['b'] })],
    ['an import gives it a place', () => bring({ site: 's', region: 'r', accessNode: 'n', zone: 'UTC' })],
    ['an import gives it another access node', () => bring({ accessNode: 'n2' })],
    ['an update gives it tags', () => update({ tags: ['c'] })],
    ['an update moves it', () => update({ site: 's2' })],
    ['an update clears its zone', () => update({ zone: null })],
  ]
  test.each(moves)('what may be asked for of a device has changed when %s', async (_, act) => {
    now += 1_000
    await act()
    expect(await changedAt()).toBe(now)
  })

  const stays: [string, () => Promise<unknown>][] = [
    ['it informs as before', () => inform({ softwareVersion: '2', manufacturer: 'Acme Inc' })],
    ['it is silent about its version', () => inform({ softwareVersion: undefined!, manufacturer: 'Acme Inc' })],
    [
      'it has another address, event and leniency',
      () =>
        inform({
          softwareVersion: '2',
          manufacturer: 'Acme Inc',
          connectionRequestUrl: 'http://192.0.2.1/x',
          events: [{ code: '1 BOOT', commandKey: '' }],
          warnings: ['no_id'],
        }),
    ],
    ['an older Inform comes late', () => inform({ softwareVersion: '1', at: new Date(1).toISOString() })],
    ['an import says what stands already', () => bring({ tags: ['c'], site: 's2', password: 'p' })],
    ['an import says nothing', () => bring({})],
    ['an update says what stands already', () => update({ tags: ['c'], site: 's2', zone: null })],
    ['an update is of its credentials or its log', () => update({ username: 'u', logsBodies: true })],
  ]
  test.each(stays)('and has not when %s', async (_, act) => {
    const before = await changedAt()
    now += 1_000
    await act()
    expect(await changedAt()).toBe(before)
  })

  test('changedSince lists who changed then or later, and no others', async () => {
    now = 2_000_000
    const serials = ['S1', 'S2', 'S3']
    for (const serial of serials) {
      now += 1_000
      await stand.get(deviceImport, { items: [{ ...imported(serial), tags: ['since'] }], actor })
    }
    const listed = async (since: number, filter: object = {}) => {
      const changedSince = new Date(since).toISOString()
      const { items } = await stand.get(deviceList, { filter, changedSince, limit: 100 })
      return items.map(({ serialNumber }) => serialNumber).toSorted()
    }
    expect(await listed(2_002_000)).toEqual(['S2', 'S3'])
    expect(await listed(2_002_001, { tags: ['since'] })).toEqual(['S3'])
    expect(await listed(2_003_001)).toEqual([])
    expect(await listed(0, { where: 'serialNumber in ("S1", "S3")' })).toEqual(['S1', 'S3'])
  })
})
