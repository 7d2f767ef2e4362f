import { type DeviceIdentity, deviceKeyOf } from '@sluice/contracts'
import { connectPostgres, type Sql } from '@sluice/sql'
import { freshDatabase, waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { takeNotification } from '../store/take-notification.ts'
import { notificationBody, type NotificationDraft, signedDatagram } from '../testing/signed-notification.ts'
import { openHub, startWaker } from '../testing/started-waker.ts'
import { startUdpPeer } from '../testing/udp-peer.ts'

const closing: (() => Promise<unknown>)[] = []
let house: Awaited<ReturnType<typeof openHub>>
beforeAll(async () => {
  house = await openHub()
})
afterAll(() => house.close())
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const username = 'ACS57689'
const password = 'cwmp secret'
const now = Math.floor(Date.now() / 1_000)

async function databaseOf(kind: 'embedded' | 'postgres'): Promise<Sql> {
  if (kind === 'embedded') return house.sql
  const sql = await connectPostgres({ url: await freshDatabase(inject('postgresUrl')) })
  closing.push(() => sql.close())
  return sql
}

let devices = 0
/** Another one for each test: they share a database. */
function newDevice(): { readonly device: DeviceIdentity; readonly deviceKey: string } {
  const device = { oui: '00D09E', productClass: 'RG', serialNumber: `SN-${++devices}` }
  return { device, deviceKey: deviceKeyOf(device) }
}

describe.each(['embedded', 'postgres'] as const)('on %s', (kind) => {
  async function start() {
    const sql = await databaseOf(kind)
    const { device, deviceKey } = newDevice()
    const waker = await startWaker({ hub: house.hub, sql }, {}, closing)
    const cpe = await startUdpPeer()
    closing.push(() => cpe.stop())
    waker.passwords.set(deviceKey, { username, password })
    const tell = (more: Partial<NotificationDraft> = {}) => {
      const draft = { ts: now, device, password, ...more }
      return cpe.send(signedDatagram(notificationBody(draft), draft.password), waker.notificationPort)
    }
    /** What comes after everything before it was decided on: a notification of another device. */
    const { device: marker, deviceKey: markerKey } = newDevice()
    waker.passwords.set(markerKey, { username, password })
    const settled = async () => {
      const before = waker.notified.length
      await tell({ device: marker, cn: String(Math.random()) })
      await waitUntil(() => waker.notified.slice(before).some((item) => item.deviceKey === markerKey))
      return waker.notified.filter((item) => item.deviceKey === deviceKey)
    }
    return { ...waker, sql, cpe, device, deviceKey, tell, settled }
  }

  test('reach 4: a signed notification is published with its parameters (M.2.2)', async () => {
    const { tell, notified, deviceKey } = await start()
    await tell({
      parameters: [
        { name: 'Device.X', value: '1' },
        { name: 'Device.Y', value: 'a&b' },
      ],
    })
    await waitUntil(() => notified.length === 1)
    expect(notified[0]).toMatchObject({
      deviceKey,
      parameters: [
        { name: 'Device.X', value: '1' },
        { name: 'Device.Y', value: 'a&b' },
      ],
    })
  })

  test('many parameters are published in items of 32', async () => {
    const { tell, notified } = await start()
    await tell({
      parameters: Array.from({ length: 70 }, (_, index) => ({ name: `Device.P.${index}`, value: String(index) })),
    })
    await waitUntil(() => notified.length === 3)
    expect(notified.map(({ parameters }) => parameters.length)).toEqual([32, 32, 6])
  })

  test('one that is told again, or is older than the last, is dropped; a second one of the same second is not', async () => {
    const { tell, settled } = await start()
    await tell({ ts: now, cn: 'first' })
    expect(await settled()).toHaveLength(1)
    await tell({ ts: now, cn: 'first' })
    await tell({ ts: now - 1, cn: 'older' })
    expect(await settled()).toHaveLength(1)
    await tell({ ts: now, cn: 'second' })
    await tell({ ts: now + 1, cn: 'third' })
    expect(await settled()).toHaveLength(3)
    await tell({ ts: now, cn: 'second' })
    expect(await settled()).toHaveLength(3)
  })

  test('the last timestamp outlives a restart', async () => {
    const { tell, settled, stop, sql, device, deviceKey } = await start()
    await tell()
    expect(await settled()).toHaveLength(1)
    await stop()
    const again = await startWaker({ hub: house.hub, sql }, {}, closing)
    again.passwords.set(deviceKey, { username, password })
    const cpe = await startUdpPeer()
    closing.push(() => cpe.stop())
    const datagram = (ts: number) => signedDatagram(notificationBody({ ts, device, password }), password)
    await cpe.send(datagram(now), again.notificationPort)
    await cpe.send(datagram(now + 1), again.notificationPort)
    await waitUntil(() => again.notified.length > 0)
    const rows = await sql.query<{ told_at: number }>('select told_at from waker.notified where device_key = $1', [
      deviceKey,
    ])
    expect(rows).toEqual([{ told_at: now + 1 }])
    expect(again.notified).toHaveLength(1)
  })

  test('what is signed wrongly, by another name, by a stranger, or tampered with is dropped and leaves no mark', async () => {
    const { tell, settled, sql, cpe, device, deviceKey, notificationPort } = await start()
    await tell({ password: 'wrong', ts: now + 60 })
    await tell({ un: 'other', ts: now + 60 })
    await tell({ device: { ...device, serialNumber: 'STRANGER' } })
    const tampered = signedDatagram(notificationBody({ ts: now, device, password }), password)
      .toString()
      .replace('>false<', '>truee<')
    await cpe.send(Buffer.from(tampered), notificationPort)
    expect(await settled()).toHaveLength(0)
    const rows = await sql.query('select 1 from waker.notified where device_key = $1', [deviceKey])
    expect(rows).toHaveLength(0)
  })

  test('a clock a year ahead does not lock its device out', async () => {
    const { tell, settled } = await start()
    await tell({ ts: now + 365 * 24 * 3_600, parameters: [{ name: 'N', value: 'ahead' }] })
    await settled()
    await tell({ ts: now, parameters: [{ name: 'N', value: 'right' }] })
    expect((await settled()).map(({ parameters }) => parameters[0]?.value)).toEqual(['right'])
  })

  test('of the same notification taken twice at once, one counts', async () => {
    const { sql, deviceKey } = await start()
    const mark = { deviceKey, timestamp: now, signature: 'a'.repeat(40) }
    const taken = await Promise.all(
      Array.from({ length: 8 }, () => sql.transaction((tx) => takeNotification(tx, mark))),
    )
    expect(taken.filter(Boolean)).toHaveLength(1)
  })

  test('more than 16 notifications within one second of a device wait for the next', async () => {
    const { sql, deviceKey } = await start()
    const take = (timestamp: number, index: number) =>
      takeNotification(sql, { deviceKey, timestamp, signature: index.toString(16).padStart(40, '0') })
    const taken: boolean[] = []
    for (let index = 0; index < 20; index++) taken.push(await take(now, index))
    expect(taken.filter(Boolean)).toHaveLength(16)
    expect(await take(now + 1, 99)).toBe(true)
  })
})

test('bad input 42: a notification from outside the networks of CPE is dropped', async () => {
  const { device, deviceKey } = newDevice()
  const waker = await startWaker(house, { labNetworks: '127.0.0.2' }, closing)
  waker.passwords.set(deviceKey, { username, password })
  const [outside, inside] = [await startUdpPeer(), await startUdpPeer('127.0.0.2')]
  closing.push(
    () => outside.stop(),
    () => inside.stop(),
  )
  const datagram = (cn: string) =>
    signedDatagram(
      notificationBody({ ts: now, cn, device, password, parameters: [{ name: 'N', value: cn }] }),
      password,
    )
  await outside.send(datagram('outside'), waker.notificationPort)
  await inside.send(datagram('inside'), waker.notificationPort)
  await waitUntil(() => waker.notified.length > 0)
  expect(waker.notified.map(({ parameters }) => parameters[0]?.value)).toEqual(['inside'])
})
