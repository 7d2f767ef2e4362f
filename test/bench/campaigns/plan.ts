import { keep, monotonicMicroseconds, print, printProfile, rate, say, table, usedTable } from './figures.ts'
import { fillRegistry } from './fill-registry.ts'
import { costliestStatements, resetStatements, startMeter } from './meter.ts'
import { createPlanned, trustArtifact } from './prepare-campaign.ts'
import { readNumbers } from './read-numbers.ts'
import { startFleetStand } from './start-fleet-stand.ts'

const SIZES = { devices: { usual: 1_000_000, most: 4_000_000, what: 'in the inventory, all of which are planned' } }
const PLANNED_WITHIN_MS = 1_800_000

/** A campaign over a whole inventory, from `campaign.create` until it can be started. */
export async function benchPlan(args: readonly string[]): Promise<void> {
  const told = readNumbers('plan', SIZES, args)
  if (told === null) return
  const { devices } = told.sizes
  say('starting nats-server, postgres, registry, resolver and scheduler')
  const stand = await startFleetStand(told)
  try {
    await Promise.all([stand.start('device-registry'), stand.start('artifact-resolver')])
    say(`${devices} devices into the inventory`)
    await fillRegistry(stand.sql, 0, devices)
    await stand.start('campaign-scheduler')
    const artifactId = await trustArtifact(stand.sql)
    const operator = await stand.bus('operator-api')
    await resetStatements(stand.sql)
    const since = monotonicMicroseconds()
    const read = await startMeter(stand.pids(), stand.sql)
    const started = performance.now()
    const { size, waves } = await createPlanned(operator, artifactId, {}, PLANNED_WITHIN_MS)
    const seconds = (performance.now() - started) / 1_000
    const used = await read()
    if (size !== devices) throw new Error(`${size} of ${devices} devices are in the campaign`)

    print(`Node ${process.version}; fsync ${told.fsync ? 'on' : 'off'}\n`)
    print(
      table(
        ['a plan', ''],
        [
          ['devices', String(devices)],
          ['in waves of', waves.map((wave) => wave.size).join(', ')],
          ['seconds', seconds.toFixed(1)],
          ['devices a second', rate(devices, seconds)],
          ['bytes of WAL per device', (used.walBytes / devices).toFixed(0)],
        ],
      ),
    )
    print(`\n${usedTable(used, devices, 'device')}`)
    print(`\n${table(['statement', 'calls', 'rows', 's'], await costliestStatements(stand.sql, 8))}`)
    keep(told.json, { devices, seconds, used })
    if (told.profile !== null) {
      for (const service of ['campaign-scheduler', 'device-registry'] as const) {
        await stand.end(service)
        printProfile(told.profile, service, since)
      }
    }
  } finally {
    await stand.stop()
  }
}
