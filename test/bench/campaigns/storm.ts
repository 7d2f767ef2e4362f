import { hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { deviceKeyOf } from '@sluice/contracts'
import { connectPostgres } from '@sluice/sql'
import { Redis } from 'ioredis'
import { openConnection } from '../connection.ts'
import { cpeOf } from '../cpe.ts'
import { deployedOptions } from '../deployed-options.ts'
import { createPlayer } from '../play-session.ts'
import { processorTime } from '../processor-time.ts'
import { forgetPeak, peakOf } from '../resident-memory.ts'
import { startStand } from '../start-stand.ts'
import { keep, print, rate, say, table } from './figures.ts'
import { untilRecorded } from './informs.ts'
import { readNumbers } from './read-numbers.ts'

const SIZES = {
  devices: { usual: 100_000, most: 200_000, what: 'that had a power cut together' },
  seconds: { usual: 60, most: 600, what: 'within which each of them comes back' },
}

/** TR-069 3.2.1.1, the first retry: 5 to 10 s, or what the answer asks for, if that is longer. */
const RETRY_MS = [5_000, 10_000] as const

/** That of the gateways. */
const REALM = 'sluice'

interface Storm {
  /** When each was served, in ms since the first could come. */
  readonly servedAt: number[]
  /** How long the sessions took that were served, in ms. */
  readonly latencies: number[]
  /** Sessions that were told to come again later (503). */
  refused: number
  /** Sessions whose request was not read in time (408). */
  late: number
  /** Sessions whose connection ended, or was not to be had. */
  broken: number
}

/**
 * Every device begins with a 401, since a CPE that was switched off knows no nonce, sends its Inform and an empty POST
 * over a connection of its own, and comes again where it was not served. One gateway, as it is deployed, which has met
 * them all before.
 */
export async function benchStorm(args: readonly string[]): Promise<void> {
  const told = readNumbers('storm', SIZES, args, [])
  if (told === null) return
  const { devices, seconds } = told.sizes
  say(`starting nats-server, redis-server, postgres, the services and a gateway, with ${devices} devices`)
  const stand = await startStand({ devices, nodeOptions: deployedOptions(), profile: null })
  const sql = await connectPostgres({ url: `postgres://postgres@127.0.0.1:${stand.postgresPort}/postgres` })
  try {
    await remember(stand.redisUrl, devices)
    const pids = { gateway: stand.digest.pid, ...stand.pids }
    const timesOf = () => Object.values(pids).map(processorTime)
    forgetPeak(stand.digest.pid)
    const since = Date.now()
    const before = timesOf()
    const storm = await blow(stand.digest.port, devices, seconds * 1_000)
    await untilRecorded(sql, since, devices)
    const used = timesOf().map((time, index) => time - before[index]!)

    storm.servedAt.sort((a, b) => a - b)
    storm.latencies.sort((a, b) => a - b)
    const inTime = storm.servedAt.filter((at) => at <= seconds * 1_000).length
    const lastS = storm.servedAt.at(-1)! / 1_000
    const at = (share: number) => storm.latencies[Math.floor(storm.latencies.length * share)]!.toFixed(0)
    const cpu = Object.keys(pids).map((name, index) => `${name} ${used[index]!.toFixed(1)}`)
    print(`Node ${process.version}; one gateway\n`)
    print(
      table(
        ['storm', ''],
        [
          [`devices, each back within ${seconds} s`, String(devices)],
          ['served within that time', String(inTime)],
          ['sessions a second in that time', rate(inTime, seconds)],
          ['seconds until the last was served', lastS.toFixed(1)],
          ['told to come again later (503)', String(storm.refused)],
          ['requests that were not read in time (408)', String(storm.late)],
          ['connections that broke', String(storm.broken)],
          ['ms of a session that was served: p50, p99', `${at(0.5)}, ${at(0.99)}`],
          ['informs in the inventory, of as many devices', String(devices)],
          ['most MB of the gateway', (peakOf(stand.digest.pid) / 1e6).toFixed(0)],
          ['CPU seconds', cpu.join(', ')],
        ],
      ),
    )
    keep(told.json, {
      ...told.sizes,
      inTime,
      lastS,
      refused: storm.refused,
      late: storm.late,
      broken: storm.broken,
      used,
    })
  } finally {
    await sql.close()
    await stand.stop()
  }
}

/** What gateways remember of devices that were there before: whoever else comes is asked after at the registry. */
async function remember(url: string, devices: number): Promise<void> {
  const redis = new Redis(url)
  for (let from = 0; from < devices; from += 1_000) {
    const pipeline = redis.pipeline()
    for (let device = from; device < Math.min(devices, from + 1_000); device += 1) {
      const { username, password, ...identity } = cpeOf(device)
      const credential = { username, ha1: hash('md5', `${username}:${REALM}:${password}`) }
      const record = `sluice:{${deviceKeyOf(identity)}}:rec`
      pipeline.hset(record, 'credential', JSON.stringify(credential)).expire(record, 86_400)
    }
    await pipeline.exec()
  }
  redis.disconnect()
}

async function blow(port: number, devices: number, withinMs: number): Promise<Storm> {
  const storm: Storm = { servedAt: [], latencies: [], refused: 0, late: 0, broken: 0 }
  const started = performance.now()
  await Promise.all(
    Array.from({ length: devices }, async (_, device) => {
      await sleep(Math.random() * withinMs)
      for (let waitMs = await playOnce(port, device, storm); waitMs !== null;) {
        await sleep(waitMs)
        waitMs = await playOnce(port, device, storm)
      }
      storm.servedAt.push(performance.now() - started)
    }),
  )
  return storm
}

/** Null: it was served; else when it comes again. */
async function playOnce(port: number, device: number, storm: Storm): Promise<number | null> {
  const at = performance.now()
  const [least, most] = RETRY_MS
  const retryMs = least + Math.random() * (most - least)
  try {
    const connection = await openConnection(port)
    try {
      await createPlayer('challenged').play(connection, cpeOf(device))
      storm.latencies.push(performance.now() - at)
      return null
    } finally {
      connection.close()
    }
  } catch (error) {
    const head = error instanceof Error ? error.message : ''
    const kind = kindOf(/HTTP\/1\.1 (\d{3})/.exec(head)?.[1])
    if (kind === null) throw error
    storm[kind] += 1
    const afterMs = Number(/\r\nretry-after: *(\d+)/i.exec(head)?.[1] ?? 0) * 1_000
    // Not all together again.
    return Math.max(afterMs, retryMs) * (1 + Math.random() / 3)
  }
}

function kindOf(status: string | undefined): 'refused' | 'late' | 'broken' | null {
  if (status === undefined) return 'broken'
  if (status === '503') return 'refused'
  return status === '408' ? 'late' : null
}
