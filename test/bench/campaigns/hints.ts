import { taskPlaced } from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { Redis } from 'ioredis'
import { keep, print, rate, say, table, usedTable } from './figures.ts'
import { fleetDevice } from './fill-registry.ts'
import { startMeter } from './meter.ts'
import { readNumbers } from './read-numbers.ts'
import { startFleetStand } from './start-fleet-stand.ts'

const SIZES = { devices: { usual: 100_000, most: 2_000_000, what: 'each of which gets one hint' } }
const IN_ONE_EVENT = 500
const PLACED_WITHIN_MS = 600_000
/** What ten million hints may take each. */
export const MOST_BYTES = 600

/** Hints through the bus and a gateway into Redis: how many bytes has a device then, all told? */
export async function benchHints(args: readonly string[]): Promise<void> {
  const told = readNumbers('hints', SIZES, args, ['no-fsync'])
  if (told === null) return
  const { devices } = told.sizes
  say('starting nats-server, redis-server, postgres, the scheduler and a gateway')
  const stand = await startFleetStand(told)
  const redis = new Redis(stand.redisUrl)
  try {
    await Promise.all([stand.start('device-registry'), stand.start('campaign-scheduler')])
    await stand.start('cwmp-gateway')
    const bus = await stand.bus('campaign-scheduler')
    const bytesBefore = await usedBytes(redis)
    const keysBefore = await redis.dbsize()
    const read = await startMeter(stand.pids(), stand.sql)
    const started = performance.now()
    const ids = createIds()
    const campaignId = ids.campaign()
    for (let from = 0; from < devices; from += IN_ONE_EVENT) {
      const items = Array.from({ length: Math.min(IN_ONE_EVENT, devices - from) }, (_, index) => ({
        op: 'put_task' as const,
        deviceKey: fleetDevice(from + index).deviceKey,
        task: {
          kind: 'upgrade' as const,
          taskId: ids.upgrade(),
          campaignId,
          weight: 500,
          notBefore: null,
          revision: 1,
        },
      }))
      await bus.publish(taskPlaced, [{ id: ids.event(), key: campaignId, data: { items } }])
    }
    let placed = 0
    await waitUntil(async () => (placed = (await redis.dbsize()) - keysBefore) >= devices, {
      deadlineMs: PLACED_WITHIN_MS,
      everyMs: 100,
      describe: () => `${placed} of ${devices} hints are in Redis`,
    })
    const seconds = (performance.now() - started) / 1_000
    const used = await read()
    const bytes = ((await usedBytes(redis)) - bytesBefore) / devices
    const one = Number(await redis.memory('USAGE', `sluice:{${fleetDevice(0).deviceKey}}:rec`))

    print(`Node ${process.version}; one hint each\n`)
    print(
      table(
        ['hints', ''],
        [
          ['devices', String(devices)],
          ['bytes of Redis for each (used_memory)', bytes.toFixed(0)],
          ['bytes of one record (MEMORY USAGE)', String(one)],
          ['GB for ten million', ((bytes * 1e7) / 1e9).toFixed(1)],
          ['placed a second', rate(devices, seconds)],
        ],
      ),
    )
    print(`\n${usedTable(used, devices, 'hint')}`)
    keep(told.json, { devices, bytes, one, seconds, used })
    if (bytes > MOST_BYTES)
      throw new Error(`${bytes.toFixed(0)} bytes for one hint, at most ${MOST_BYTES} were promised`)
  } finally {
    redis.disconnect()
    await stand.stop()
  }
}

async function usedBytes(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1])
}
