import {
  deviceInformed,
  deviceMessageList,
  deviceMessages,
  deviceNotified,
  deviceImport,
  deviceUpdate,
} from '@sluice/contracts'
import { type Clock, createManualClock, systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeLines } from './write-lines.ts'
import { KINDS, type Stand, actor, identity, imported, informed, said, startStand } from '../testing/stand.ts'

const time = (second: number) => new Date(Date.parse('2026-01-01T00:00:00Z') + second * 1_000).toISOString()

describe.each(KINDS)('on %s', (kind) => {
  let stand: Stand
  beforeAll(async () => {
    stand = await startStand(kind)
  })
  afterAll(() => stand.close())

  const linesOf = async (serialNumber: string, more: object = {}) => {
    const { deviceKey } = identity(serialNumber)
    return (await stand.get(deviceMessageList, { deviceKey, limit: 100, ...more })).items
  }
  const untilLines = (serialNumber: string, count: number) =>
    waitUntil(async () => (await linesOf(serialNumber)).length === count)

  test('what was said is listed newest first, as it was told, by page and by filter', async () => {
    const { deviceKey } = identity('M1')
    const items = Array.from({ length: 7 }, (_, index) =>
      said(deviceKey, {
        at: time(index % 3),
        method: index % 2 === 0 ? 'Download' : 'DownloadResponse',
        from: index % 2 === 0 ? 'acs' : 'cpe',
        commandKey: index === 4 ? 'fw-4' : null,
        faultCode: index === 5 ? 9_010 : null,
        bytes: index,
        ...(index === 6 ? { warnings: ['no_id'], body: '<soap>ü\u0000</soap>' } : {}),
      }),
    )
    await stand.publish(deviceMessages, { items }, { items: [said(identity('M2').deviceKey)] })
    await untilLines('M1', 7)
    await untilLines('M2', 1)

    const all = await linesOf('M1')
    expect(all.map(({ bytes }) => bytes)).toEqual([5, 2, 4, 1, 6, 3, 0])
    expect(all[0]).toEqual(items[5])
    expect(all[4]).toEqual({ ...items[6], body: '<soap>ü\uFFFD</soap>' })

    const seen = []
    let cursor: string | null = null
    do {
      const page: { items: unknown[]; next: string | null } = await stand.get(deviceMessageList, {
        deviceKey,
        limit: 2,
        ...(cursor === null ? {} : { cursor }),
      })
      seen.push(...page.items)
      cursor = page.next
    } while (cursor !== null)
    expect(seen).toEqual(all)
    expect(await linesOf('M1', { method: 'Download' })).toHaveLength(4)
    expect((await linesOf('M1', { commandKey: 'fw-4' })).map(({ bytes }) => bytes)).toEqual([4])
  })

  test('a cursor that was tampered with is refused', async () => {
    const { deviceKey } = identity('M1')
    for (const cursor of ['', 'x', '1.2', `1.2.'; drop table x --`, '9'.repeat(40) + '.1.e']) {
      expect(await stand.ask(deviceMessageList, { deviceKey, limit: 1, cursor }), cursor).toMatchObject({
        error: { code: 'invalid_request' },
      })
    }
  })

  test('a redelivered event writes no line twice', async () => {
    const { deviceKey } = identity('M3')
    const lines = [0, 1].map((place) => ({ eventId: 'evt_m3', place, message: said(deviceKey) }))
    // As after a crash between the write and its acknowledgement: the bus itself knows an id that was published twice.
    await writeLines(stand.sql, lines, false)
    await writeLines(stand.sql, lines, false)
    expect(await linesOf('M3')).toHaveLength(2)
  })

  test('an Inform is a line unless it is only on time and understood', async () => {
    const code = (...codes: string[]) =>
      codes.map((one) => ({ code: one, commandKey: one.startsWith('M') ? 'fw1' : '' }))
    await stand.publish(deviceInformed, {
      items: [
        informed('M4', { events: code('2 PERIODIC') }),
        informed('M4', { events: code('2 PERIODIC'), warnings: ['no_id'], at: time(1), sessionId: 's2' }),
        informed('M4', { events: code('7 TRANSFER COMPLETE', 'M Download'), at: time(2), sessionId: 's3' }),
      ],
    })
    await untilLines('M4', 2)
    expect(await linesOf('M4')).toMatchObject([
      {
        method: 'Inform',
        from: 'cpe',
        events: ['7 TRANSFER COMPLETE', 'M Download'],
        commandKey: 'fw1',
        sessionId: 's3',
      },
      { method: 'Inform', events: ['2 PERIODIC'], warnings: ['no_id'], commandKey: null },
    ])
  })

  test('an Inform told twice, once with its size, is one line', async () => {
    const { deviceKey } = identity('M5')
    const boot = [{ code: '1 BOOT', commandKey: '' }]
    await stand.publish(deviceInformed, { items: [informed('M5', { events: boot })] })
    await stand.publish(deviceMessages, {
      items: [said(deviceKey, { method: 'Inform', events: ['1 BOOT'], body: '<x/>' })],
    })
    await waitUntil(async () => (await linesOf('M5'))[0]?.body === '<x/>')
    expect(await linesOf('M5')).toHaveLength(1)
  })

  test('a page of long bodies ends before it would be too long for a message, and goes on', async () => {
    const { deviceKey } = identity('M6')
    const items = Array.from({ length: 20 }, (_, index) =>
      said(deviceKey, { at: time(index), body: '€'.repeat(20_000) }),
    )
    for (const item of items) await stand.publish(deviceMessages, { items: [item] })
    await waitUntil(async () => {
      const [row] = await stand.sql.query<{ count: number }>(
        'select count(*) from registry.device_messages where device_key = $1',
        [deviceKey],
      )
      return row?.count === 20
    })
    const first = await stand.get(deviceMessageList, { deviceKey, limit: 100 })
    expect(first.items.length).toBeLessThan(20)
    const second = await stand.get(deviceMessageList, { deviceKey, limit: 100, cursor: first.next ?? '' })
    expect(first.items.length + second.items.length).toBe(20)
    expect(second.next).toBeNull()
  })

  test('what a device said by UDP is a line: values only where bodies are kept, and no secret', async () => {
    await stand.get(deviceImport, { items: [imported('N1'), imported('N2')], actor })
    const [one, two] = [identity('N1').deviceKey, identity('N2').deviceKey]
    await stand.get(deviceUpdate, { device: two, change: { logsBodies: true }, actor })
    const parameters = [
      { name: 'Device.X.Status', value: 'Up' },
      { name: 'Device.WiFi.KeyPassphrase', value: 'hidden' },
    ]
    await stand.publish(deviceNotified, {
      items: [one, two].map((deviceKey) => ({ deviceKey, at: time(1), parameters })),
    })
    await untilLines('N1', 1)
    await untilLines('N2', 1)
    expect(await linesOf('N1')).toMatchObject([
      { method: 'Notification', body: 'Device.X.Status\nDevice.WiFi.KeyPassphrase' },
    ])
    expect(await linesOf('N2')).toMatchObject([{ body: 'Device.X.Status=Up\nDevice.WiFi.KeyPassphrase=***' }])
  })
})

describe.each(KINDS)('with bounds, on %s', (kind) => {
  test('a log keeps its newest lines, and none that is too old', async () => {
    const ticks = createManualClock(0)
    let now = Date.parse(time(0))
    const clock: Clock = { ...systemClock, now: () => now, every: (ms, run) => ticks.every(ms, run) }
    const stand = await startStand(kind, { settings: { messageLogLines: 3, messageLogDays: 2 }, clock })
    try {
      const [one, two] = [identity('T1').deviceKey, identity('T2').deviceKey]
      const items = Array.from({ length: 6 }, (_, index) => said(one, { at: time(index), bytes: index }))
      await stand.publish(deviceMessages, { items: [...items, said(two)] })
      const count = async (deviceKey: string) => (await stand.get(deviceMessageList, { deviceKey, limit: 100 })).items
      await waitUntil(async () => (await count(one)).length === 6)
      const untilCount = (deviceKey: string, lines: number) =>
        waitUntil(async () => {
          await ticks.advance(60_000)
          return (await count(deviceKey)).length === lines
        })
      await untilCount(one, 3)
      expect((await count(one)).map(({ bytes }) => bytes)).toEqual([5, 4, 3])
      expect(await count(two)).toHaveLength(1)

      now += 2 * 86_400_000 + 4_000
      await untilCount(two, 0)
      expect((await count(one)).map(({ bytes }) => bytes)).toEqual([5, 4])
    } finally {
      await stand.close()
    }
  })
})
