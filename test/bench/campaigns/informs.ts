import { setTimeout as sleep } from 'node:timers/promises'
import { type Bus } from '@sluice/bus'
import { type InformedDevice, deviceInformed, shardOf } from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import type { Sql } from '@sluice/sql'
import { keep, monotonicMicroseconds, print, printProfile, rate, say, table, usedTable } from './figures.ts'
import { OLD_VERSION, fillRegistry, fleetDevice } from './fill-registry.ts'
import { costliestStatements, resetStatements, startMeter } from './meter.ts'
import { readNumbers } from './read-numbers.ts'
import { startFleetStand } from './start-fleet-stand.ts'

const SIZES = {
  devices: { usual: 1_000_000, most: 2_000_000, what: 'in the inventory, each of which informs once' },
  informs: { usual: 600_000, most: 2_000_000, what: 'in the stream when the registry is started' },
  items: { usual: 32, most: 256, what: 'in one event: as many as a gateway of 1,600 sessions/s gathers' },
}

/** Of one stream: a million informs take less. */
const STREAM_BYTES = 4 * 1024 ** 3
/** Nothing more is waited for when nothing was taken for so long. */
const STUCK_MS = 30_000
const PUBLISHED_AT_ONCE = 200

/** A stream is filled while the registry is away; how fast does it take what waits? */
export async function benchInforms(args: readonly string[]): Promise<void> {
  const told = readNumbers('informs', SIZES, args)
  if (told === null) return
  const { devices, informs, items } = told.sizes
  if (informs > devices) throw new Error('--informs is at most --devices')
  say('starting nats-server, redis-server, postgres and the registry')
  const stand = await startFleetStand({ ...told, streamBytes: STREAM_BYTES })
  try {
    await stand.start('device-registry')
    say(`${devices} devices into the inventory`)
    await fillRegistry(stand.sql, 0, devices)
    await stand.end('device-registry')
    say(`${informs} informs into the stream`)
    const filled = await fillStream(await stand.bus('cwmp-gateway'), { devices, informs, items })
    await stand.sql.query('checkpoint')
    await resetStatements(stand.sql)

    const since = monotonicMicroseconds()
    await stand.start('device-registry')
    const read = await startMeter(stand.pids(), stand.sql)
    const before = await recorded(stand.sql, filled.since)
    const started = performance.now()
    await untilRecorded(stand.sql, filled.since, informs)
    const seconds = (performance.now() - started) / 1_000
    const used = await read()

    const taken = informs - before
    const figures = { ...told.sizes, events: filled.events, eventBytes: filled.bytes, taken, seconds, used }
    print(`Node ${process.version}; a filled stream, fsync ${told.fsync ? 'on' : 'off'}\n`)
    print(
      table(
        ['informs', ''],
        [
          ['devices in the inventory', String(devices)],
          ['in the stream', String(informs)],
          ['bytes each', (filled.bytes / informs).toFixed(0)],
          ['taken before the clock was started', String(before)],
          ['seconds for the rest', seconds.toFixed(1)],
          ['informs a second', rate(taken, seconds)],
          ['bytes of WAL per inform', (used.walBytes / taken).toFixed(0)],
          ['commits a second', rate(used.commits, used.seconds)],
        ],
      ),
    )
    print(`\n${usedTable(used, taken, 'inform')}`)
    print(`\n${table(['statement', 'calls', 'rows', 's'], await costliestStatements(stand.sql, 6))}`)
    keep(told.json, figures)
    if (told.profile !== null) {
      await stand.end('device-registry')
      printProfile(told.profile, 'device-registry', since)
    }
  } finally {
    await stand.stop()
  }
}

/** What gateways tell of periodic informs, in no order of the devices' keys. */
async function fillStream(
  bus: Bus,
  { devices, informs, items }: { readonly devices: number; readonly informs: number; readonly items: number },
): Promise<{ since: number; events: number; bytes: number }> {
  const ids = createIds()
  const since = Date.now()
  let bytes = 0
  let events = 0
  for (let from = 0; from < informs; from += items * PUBLISHED_AT_ONCE) {
    const batch = []
    for (let start = from; start < Math.min(informs, from + items * PUBLISHED_AT_ONCE); start += items) {
      const some = Array.from({ length: Math.min(items, informs - start) }, (_, index) =>
        inform(start + index, devices),
      )
      bytes += JSON.stringify(some).length
      batch.push({ id: ids.event(), key: shardOf(some[0]!.deviceKey), data: { items: some } })
    }
    await bus.publish(deviceInformed, batch)
    events += batch.length
  }
  return { since, events, bytes }
}

/** A stride that shares no factor with the number of devices visits each once. */
const STRIDE = 7_919

function inform(index: number, devices: number): InformedDevice {
  const { oui, productClass, serialNumber, deviceKey } = fleetDevice((index * STRIDE) % devices)
  return {
    deviceKey,
    manufacturer: 'Bench',
    oui,
    productClass,
    serialNumber,
    hardwareVersion: 'H1',
    softwareVersion: OLD_VERSION,
    dataModelRoot: 'Device.',
    connectionRequestUrl: `http://198.51.100.7:7547/cr/${serialNumber}`,
    cwmpVersion: '1.2',
    events: [{ code: '2 PERIODIC', commandKey: '' }],
    sessionId: deviceKey.slice(4),
    at: new Date().toISOString(),
    traceparent: `00-${index.toString(16).padStart(32, '1')}-${'2'.repeat(16)}-01`,
  }
}

/** What the statistics of the consumer would say, by the result: rows that were written since. */
async function recorded(sql: Sql, since: number): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    `select count(*) as n from registry.devices where last_inform_at >= $1`,
    [since],
  )
  return row!.n
}

export async function untilRecorded(sql: Sql, since: number, informs: number): Promise<void> {
  for (let done = 0, movedAt = performance.now(); ; await sleep(1_000)) {
    const now = await recorded(sql, since)
    if (now >= informs) return
    if (now > done) movedAt = performance.now()
    if (performance.now() - movedAt > STUCK_MS) throw new Error(`no more than ${now} of ${informs} are recorded`)
    done = now
  }
}
