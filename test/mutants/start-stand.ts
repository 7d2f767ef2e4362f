import { join } from 'node:path'
import { applyTopology, type Bus, connectNats } from '@sluice/bus'
import { deviceImport } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { freePort, startNats, startPostgres, startProcess, type StartedProcess, startRedis } from '@sluice/testbed'
import { type Cpe, cpeOf } from '../bench/cpe.ts'

/** A device of the stand's own: no mutant is made of it. */
export const ORDINARY = cpeOf(7_654_321)
export const REQUEST_TIMEOUT_MS = 2_000
const INTO_GATEWAY = ['lower-request-timeout.ts', 'tell-memory.ts']

export interface Stand {
  readonly port: number
  /** Health and metrics of the gateway. */
  readonly adminUrl: string
  readonly gateway: StartedProcess
  /** By name, the gateway among them. */
  readonly services: ReadonlyMap<string, StartedProcess>
  readonly devices: readonly Cpe[]
  readonly bus: Bus
  stop(): Promise<void>
}

/** A gateway and all that it leans on, each a process of its own, and an inventory that knows the devices. */
export async function startStand(auth: 'none' | 'digest', deviceCount: number): Promise<Stand> {
  const stops: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end()
  }
  try {
    const servers = await Promise.all([startNats(), startRedis(), startPostgres()])
    stops.push(() => Promise.all(servers.map((server) => server.stop())))
    const [nats, redis, postgres] = servers
    await applyTopology(nats.url)
    const services = new Map<string, StartedProcess>()
    stops.push(() => Promise.all([...services.values()].map((service) => service.stop())))
    const run = async (name: string, env: Record<string, string>): Promise<string> => {
      const adminPort = await freePort()
      const adminUrl = `http://127.0.0.1:${adminPort}`
      const started = await startProcess({
        entry: `services/${name}/src/main.ts`,
        env: { SLUICE_NATS_URL: nats.url, SLUICE_ADMIN_PORT: String(adminPort), ...env },
        readyWhen: `${adminUrl}/readyz`,
        deadlineMs: 60_000,
      })
      services.set(name, started)
      return adminUrl
    }
    const onSql = { SLUICE_POSTGRES_URL: postgres.url }
    const sealed = { ...onSql, SLUICE_SEAL_KEY: '5'.repeat(64) }
    await Promise.all([run('device-registry', sealed), run('device-tasks', sealed), run('campaign-scheduler', onSql)])
    const port = await freePort()
    const adminUrl = await run('cwmp-gateway', {
      SLUICE_REDIS_URL: redis.url,
      SLUICE_CWMP_PORT: String(port),
      SLUICE_CWMP_AUTH: auth,
      SLUICE_CWMP_NONCE_SECRET: 'a secret of the mutants',
      SLUICE_SNAPSHOT_KEY: 'a key of the mutants',
      SLUICE_CWMP_DRAIN_DELAY_MS: '0',
      // As it is deployed.
      NODE_OPTIONS: [
        '--max-semi-space-size=8',
        ...INTO_GATEWAY.map((file) => `--import=${join(import.meta.dirname, file)}`),
      ].join(' '),
      REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS),
    })
    const log = createLog({ service: 'mutants', level: 'silent' })
    const bus = await connectNats({ servers: nats.url, service: 'mutants', clock: systemClock, log })
    stops.push(() => bus.close())
    const devices = Array.from({ length: deviceCount }, (_, index) => cpeOf(index + 1))
    const reply = await bus.request(deviceImport, { items: [...devices, ORDINARY], actor: 'service:mutants' })
    if (!reply.ok) throw new Error(`the registry refuses the devices: ${reply.error.code}`)
    return { port, adminUrl, gateway: services.get('cwmp-gateway')!, services, devices, bus, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
