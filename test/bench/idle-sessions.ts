import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { startProcess } from '@sluice/testbed'
import { brokenPromises, countCosts } from './count-costs.ts'
import { measure, type Variant } from './measure.ts'
import { measureMemory, tooMuchMemory } from './measure-memory.ts'
import { type Options, readOptions, usage } from './options.ts'
import { readProfile } from './read-profile.ts'
import { type Driver, startDriver } from './start-driver.ts'
import { type Stand, startStand } from './start-stand.ts'
import { costsOf, memoryTableOf, pacedTableOf, rowsOf, sharesTable, tableOf } from './table.ts'

/** Enough for Node to have compiled what it will: of the first thousands of sessions, a fifth of the CPU is its compiler's. */
const WARM_SESSIONS = 20

/** At once, of each flood. */
const FLOODS = 20

const print = (text: string) => void process.stdout.write(`${text}\n`)
const say = (text: string) => void process.stderr.write(`${text}\n`)

/** What an idle session costs, or what a gateway holds when it is handed too much. */
export async function benchIdleSessions(args: readonly string[]): Promise<void> {
  const options = readOptions(args)
  if (options === null) print(usage)
  else if (options.memory) await benchMemory(options)
  else await bench(options)
}

async function bench(options: Options): Promise<void> {
  say('starting nats-server, redis-server, postgres, device-registry, campaign-scheduler and two gateways')
  const stand = await startStand(options)
  const driver = startDriver()
  let warmAt = 0
  try {
    const variants = await prepareVariants(stand, driver, options)
    warmAt = Number(process.hrtime.bigint() / 1_000n)
    const measured = await measure(variants, driver, options, say)
    const costs = await countCosts(stand, driver, { ...options, sessions: Math.max(200, options.connections * 8) })
    const rows = rowsOf(measured)

    print(`Node ${process.version}, ${availableParallelism()} cores, ${conditions(options)}\n`)
    print('A session is Inform, InformResponse, empty POST, 204. CPU seconds per 1,000 sessions, by process.\n')
    print(`Each variant as fast as it goes:\n\n${tableOf(rows)}\n`)
    print(`All at the same pace, ${options.pace} sessions/s:\n\n${pacedTableOf(rows)}\n\n${costsOf(costs)}`)
    if (options.json !== null)
      writeFileSync(options.json, `${JSON.stringify({ options, rows, costs, measured }, null, 2)}\n`)
    const broken = brokenPromises(costs)
    if (broken.length > 0) throw new Error(broken.join('\n'))
  } finally {
    driver.stop()
    await stand.stop()
  }
  if (options.profile !== null) print(`\n${sharesTable(readProfile(options.profile, warmAt))}`)
}

async function benchMemory(options: Options): Promise<void> {
  say('starting nats-server, redis-server, postgres, device-registry, campaign-scheduler and two gateways')
  const stand = await startStand(options)
  const driver = startDriver()
  try {
    const { connections, devices, pooled } = options
    const until = { sessions: devices * 3 }
    await driver.drive({ port: stand.digest.port, authentication: 'digest', connections, pooled, devices, until })
    const rows = await measureMemory(stand.digest, FLOODS, say)
    // It serves on as before.
    await driver.drive({ port: stand.digest.port, authentication: 'digest', connections, pooled, devices, until })

    print(`Node ${process.version}. Resident memory of the gateway at its highest, ${FLOODS} connections at once:\n`)
    print(memoryTableOf(rows))
    if (options.json !== null) writeFileSync(options.json, `${JSON.stringify({ options, rows }, null, 2)}\n`)
    const broken = tooMuchMemory(rows)
    if (broken.length > 0) throw new Error(broken.join('\n'))
  } finally {
    driver.stop()
    await stand.stop()
  }
}

/** Warm servers that know every device, and a floor that answers as many bytes as they do. */
async function prepareVariants(stand: Stand, driver: Driver, options: Options): Promise<Variant[]> {
  const { open, digest, pids } = stand
  const { devices, connections, pooled } = options
  const warm = (port: number, authentication: Variant['authentication']) =>
    driver.drive({ port, authentication, connections, pooled, devices, until: { sessions: devices * WARM_SESSIONS } })
  say(`each of ${devices} devices informs ${WARM_SESSIONS} times, so that everything is warm`)
  await warm(digest.port, 'digest')
  const { informResponseBytes } = await warm(open.port, 'none')
  const floor = await startFloor(informResponseBytes)
  await warm(floor.port, 'none')
  return [
    { name: 'floor: bare node:http', ...floor, authentication: 'none', pids: { server: floor.pid } },
    {
      name: 'gateway, no authentication',
      port: open.port,
      authentication: 'none',
      pids: { server: open.pid, ...pids },
    },
    { name: 'gateway, digest', port: digest.port, authentication: 'digest', pids: { server: digest.pid, ...pids } },
    {
      name: 'gateway, digest, 401 first',
      port: digest.port,
      authentication: 'challenged',
      pids: { server: digest.pid, ...pids },
    },
  ]
}

async function startFloor(informResponseBytes: number): Promise<{ pid: number; port: number }> {
  const listening = /floor listens on (\d+)/
  const { pid, output } = await startProcess({
    entry: 'test/bench/floor.main.ts',
    args: [String(informResponseBytes)],
    readyWhen: (text) => listening.test(text),
  })
  return { pid, port: Number(listening.exec(output())?.[1]) }
}

function conditions({ seconds, rounds, devices, connections, pooled }: Options): string {
  const how = pooled ? 'connections that stay open' : 'a connection for each session'
  return `${rounds} rounds of ${seconds} s each, ${devices} devices, ${connections} sessions at once, ${how}`
}
