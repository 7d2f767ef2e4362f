import { type InformedDevice, deviceGet, deviceInformed, deviceList, deviceNameOf } from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KINDS, type Stand, identity, informed, startStand } from '../testing/stand.ts'
import { recordInforms } from './record-informs.ts'

const time = (second: number) => new Date(Date.parse('2026-01-01T00:00:00Z') + second * 1_000).toISOString()

describe.each(KINDS)('on %s', (kind) => {
  let stand: Stand
  beforeAll(async () => {
    stand = await startStand(kind)
  })
  afterAll(() => stand.close())

  const recorded = async (...items: InformedDevice[]) => {
    await stand.publish(deviceInformed, { items })
    const last = items.at(-1)
    await waitUntil(async () => {
      const device = await stand.get(deviceGet, { device: last?.deviceKey ?? '' })
      return device.lastInformAt !== null && device.lastInformAt >= (last?.at ?? '')
    })
    return stand.get(deviceGet, { device: last?.deviceKey ?? '' })
  }

  test('what an Inform tells is shown, and stays where a later one is silent', async () => {
    const told = await recorded(
      informed('F1', {
        dataModelRoot: 'InternetGatewayDevice.',
        cwmpVersion: '1.2',
        connectionRequestUrl: 'http://192.0.2.1/',
        udpConnectionRequestAddress: '192.0.2.1:3478',
        natDetected: true,
        gateway: { oui: '001122', productClass: 'GW', serialNumber: 'G 1' },
        proxied: 'Proxied',
        events: [{ code: '13 WAKEUP', commandKey: '' }],
        warnings: ['no_id', 'bad_charset'],
        at: time(1),
      }),
    )
    expect(told).toMatchObject({
      dataModelRoot: 'InternetGatewayDevice.',
      cwmpVersion: '1.2',
      wakeableBy: ['http', 'udp'],
      gatewayName: '001122-GW-G%201',
      proxied: 'Proxied',
      lastWakeUpAt: time(1),
      profile: 'default-internet-gateway-device',
      logsBodies: false,
    })
    expect(told.leniencies.toSorted((a, b) => a.code.localeCompare(b.code))).toEqual([
      { code: 'bad_charset', lastAt: time(1) },
      { code: 'no_id', lastAt: time(1) },
    ])
    const silent = await recorded(informed('F1', { dataModelRoot: 'InternetGatewayDevice.', at: time(2) }))
    expect(silent).toEqual({ ...told, lastInformAt: time(2), lastEvents: [{ code: '2 PERIODIC', commandKey: '' }] })
    const none = { oui: '', productClass: '', serialNumber: '' }
    const gone = await recorded(
      informed('F1', { gateway: none, udpConnectionRequestAddress: '', at: time(3), warnings: ['no_id'] }),
    )
    expect(gone).toMatchObject({ gatewayName: null, wakeableBy: ['http'] })
    expect(gone.leniencies).toEqual([
      { code: 'no_id', lastAt: time(3) },
      { code: 'bad_charset', lastAt: time(1) },
    ])
  })

  test('two Informs of a device in one batch: where the newer is silent, what the older said stands', async () => {
    const told = {
      softwareVersion: '1',
      hardwareVersion: 'h',
      cwmpVersion: '1.2',
      connectionRequestUrl: 'http://192.0.2.1/',
      udpConnectionRequestAddress: '192.0.2.1:3478',
      jabberId: 'cpe@example.org',
      gateway: { oui: '001122', productClass: 'GW', serialNumber: 'G' },
      events: [{ code: '13 WAKEUP', commandKey: '' }],
      warnings: ['no_id', 'bad_charset'],
    }
    const { softwareVersion: _, ...silent } = informed('F3', { at: time(2), warnings: ['no_id'] })
    for (const items of [
      [informed('F3', { ...told, at: time(1) }), silent],
      [silent, informed('F4', told), informed('F3', { ...told, at: time(1) })],
    ]) {
      await recordInforms(stand.sql, items, true, 0)
      const device = await stand.get(deviceGet, { device: identity('F3').deviceKey })
      expect(device).toMatchObject({
        softwareVersion: '1',
        hardwareVersion: 'h',
        cwmpVersion: '1.2',
        wakeableBy: ['http', 'udp', 'xmpp'],
        gatewayName: '001122-GW-G',
        lastWakeUpAt: time(1),
        lastInformAt: time(2),
        lastEvents: [{ code: '2 PERIODIC', commandKey: '' }],
      })
      expect(device.leniencies).toEqual([
        { code: 'no_id', lastAt: time(2) },
        { code: 'bad_charset', lastAt: time(1) },
      ])
      await stand.sql.query('delete from registry.devices where device_key = $1', [device.deviceKey])
    }
  })

  test('of what had to be tolerated, the 64 codes seen last are kept', async () => {
    for (const round of [0, 1, 2]) {
      const warnings = Array.from({ length: 32 }, (_, index) => `code_${round * 32 + index}`)
      await recorded(informed('F2', { warnings, at: time(round) }))
    }
    const { leniencies } = await stand.get(deviceGet, { device: identity('F2').deviceKey })
    expect(leniencies).toHaveLength(64)
    expect(leniencies.filter(({ code }) => Number(code.slice(5)) < 32)).toEqual([])
  })

  test('idle Informs cost one statement a batch, however many they are', async () => {
    const items = Array.from({ length: 256 }, (_, index) => informed(`Q${index}`))
    const boot = [{ code: '1 BOOT', commandKey: '' }]
    const ran = async (batch: InformedDevice[]) => {
      stand.statements.length = 0
      await stand.publish(deviceInformed, { items: batch })
      const upserts = () => stand.statements.filter((text) => text.includes('insert into registry.devices'))
      await waitUntil(() => upserts().length === 1)
      const key = batch.at(-1)?.deviceKey ?? ''
      await waitUntil(async () => (await stand.get(deviceGet, { device: key })).lastInformAt === batch.at(-1)?.at)
      return stand.statements.filter((text) => text.includes('insert into'))
    }
    expect(await ran(items)).toHaveLength(1)
    expect(await ran(items.map((item) => ({ ...item, at: time(1) })))).toHaveLength(1)
    const [last] = await stand.sql.query<{ count: number }>(
      'select count(*) from registry.device_messages where device_key = any($1::text[])',
      [items.map((item) => item.deviceKey)],
    )
    expect(last?.count).toBe(0)
    expect(await ran([...items.slice(1), informed('Q0', { events: boot, at: time(2) })])).toHaveLength(2)
  })

  test('in any order, in any company, again and again: the newest Inform is what stands', async () => {
    const arbitraryInform = fc.record({
      serial: fc.constantFrom('A', 'B', 'C'),
      second: fc.integer({ min: 0, max: 9 }),
    })
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(arbitraryInform, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
        async (batches) => {
          run += 1
          const inform = ({ serial, second }: { serial: string; second: number }) =>
            informed(`${serial}-${run}`, {
              at: time(second),
              softwareVersion: `v${second}`,
              hardwareVersion: `h${second}`,
              connectionRequestUrl: `http://192.0.2.1/${second}`,
              cwmpVersion: `1.${second}`,
              events: [{ code: '2 PERIODIC', commandKey: String(second) }],
            })
          for (const batch of [...batches, ...batches]) await recordInforms(stand.sql, batch.map(inform), true, 0)
          for (const serial of ['A', 'B', 'C']) {
            const seconds = batches.flat().filter((one) => one.serial === serial)
            if (seconds.length === 0) continue
            const newest = Math.max(...seconds.map(({ second }) => second))
            const device = await stand.get(deviceGet, { device: identity(`${serial}-${run}`).deviceKey })
            expect(device).toMatchObject({
              lastInformAt: time(newest),
              softwareVersion: `v${newest}`,
              hardwareVersion: `h${newest}`,
              cwmpVersion: `1.${newest}`,
              lastEvents: [{ code: '2 PERIODIC', commandKey: String(newest) }],
            })
          }
        },
      ),
      { numRuns: kind === 'postgres' ? 25 : 10 },
    )
  })

  test('quirk 9: a CPE without a product class is a device by its OUI and serial number', async () => {
    const device = await recorded(informed('E1', { productClass: '' }))
    expect(device).toMatchObject({ name: '00D09E-E1', productClass: '' })
    expect(await stand.get(deviceGet, { device: '00D09E-E1' })).toEqual(device)
  })

  test('quirk 49: two CPE with one serial and different OUI are two devices', async () => {
    const one = await recorded(informed('E2', { softwareVersion: '1' }))
    const other = await recorded(informed('E2', { oui: '001122', softwareVersion: '2' }))
    expect(one.deviceKey).not.toBe(other.deviceKey)
    expect(await stand.get(deviceGet, { device: '00D09E-RG%201-E2' })).toMatchObject({ softwareVersion: '1' })
    expect(await stand.get(deviceGet, { device: '001122-RG%201-E2' })).toMatchObject({ softwareVersion: '2' })
  })

  test('bad input 18: a DeviceId of newlines, dots, wildcards or NUL is a device like others, and breaks no line', async () => {
    const hostile = [
      'a\nb: c',
      '../../etc',
      '*',
      '>',
      'a.b.*',
      "'; drop table x --",
      'n\u0000ul',
      'x'.repeat(64),
      '\uD800',
    ]
    const items = hostile.flatMap((text) => [informed(text), informed('H', { productClass: text })])
    await recorded(...items)
    for (const item of items) {
      const byKey = await stand.get(deviceGet, { device: item.deviceKey })
      expect(byKey.name).toMatch(/^[A-Za-z0-9_%-]+$/)
      expect(await stand.get(deviceGet, { device: deviceNameOf(item) })).toEqual(byKey)
    }
    expect(new Set(items.map((item) => item.deviceKey)).size).toBe(items.length)
    for (const line of stand.logged) expect(line.trimEnd()).not.toContain('\n')
  })

  test('bad input 19: one serial number under several product classes is as many devices', async () => {
    const classes = ['RG 1', 'RG1', 'rg 1', '']
    await recorded(...classes.map((productClass) => informed('CLONE', { productClass })))
    const names = classes.map((productClass) => deviceNameOf(informed('CLONE', { productClass })))
    const { items } = await stand.get(deviceList, { filter: { names }, limit: 10 })
    expect(items.map((device) => device.productClass).toSorted()).toEqual(classes.toSorted())
  })
})
