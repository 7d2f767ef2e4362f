import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyTopology, connectNats } from '@sluice/bus'
import { deviceImport } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { freePort, startNats, startPostgres, startProcess, startRedis } from '@sluice/testbed'
import { cpeOf } from './cpe.ts'
import { childNamed } from './processor-time.ts'

export type Part = 'gateway' | 'nats' | 'redis' | 'postgres' | 'registry' | 'scheduler'

export interface Gateway {
  readonly port: number
  readonly pid: number
}

export interface Stand {
  readonly open: Gateway
  readonly digest: Gateway
  /** Process ids of what gateways lean on. */
  readonly pids: Readonly<Record<Exclude<Part, 'gateway'>, number>>
  readonly natsUrl: string
  readonly redisUrl: string
  readonly postgresPort: number
  stop(): Promise<void>
}

export interface StandOptions {
  readonly devices: number
  /** Of the gateways' Node. */
  readonly nodeOptions: string
  /** Where the gateway with digest writes a CPU profile at its end. */
  readonly profile: string | null
}

/** The distributed parts, each a process of its own as in production, with the devices' credentials in the inventory. */
export async function startStand({ devices, nodeOptions, profile }: StandOptions): Promise<Stand> {
  const stops: (() => Promise<void>)[] = []
  const kept = <T extends { stop(): Promise<void> }>(part: T): T => {
    stops.push(() => part.stop())
    return part
  }
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end()
  }
  try {
    const nats = kept(await startNats())
    const redis = kept(await startRedis())
    const postgres = kept(await startPostgres())
    await applyTopology(nats.url)
    const stores = { SLUICE_NATS_URL: nats.url, SLUICE_POSTGRES_URL: postgres.url }
    const [registry, scheduler] = await Promise.all([
      startService('device-registry', { ...stores, SLUICE_SEAL_KEY: '5'.repeat(64) }).then(kept),
      startService('campaign-scheduler', stores).then(kept),
    ])
    await importCredentials(nats.url, devices)
    const compileCache = fillCompileCache('cwmp-gateway')
    stops.push(async () => rmSync(compileCache, { recursive: true, force: true }))
    const startGateway = async (auth: 'none' | 'digest', options: readonly string[] = []): Promise<Gateway> => {
      const port = await freePort()
      const { pid } = kept(
        await startService('cwmp-gateway', {
          SLUICE_NATS_URL: nats.url,
          SLUICE_REDIS_URL: redis.url,
          SLUICE_CWMP_PORT: String(port),
          SLUICE_CWMP_AUTH: auth,
          SLUICE_CWMP_NONCE_SECRET: 'a secret of the bench',
          SLUICE_SNAPSHOT_KEY: 'a key of the bench',
          NODE_COMPILE_CACHE: compileCache,
          NODE_OPTIONS: [nodeOptions, ...options].join(' ').trim(),
        }),
      )
      return { port, pid }
    }
    return {
      open: await startGateway('none'),
      digest: await startGateway('digest', profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
      pids: {
        nats: childNamed('nats-server'),
        redis: childNamed('redis-server'),
        postgres: childNamed('postgres'),
        registry: registry.pid,
        scheduler: scheduler.pid,
      },
      natsUrl: nats.url,
      redisUrl: redis.url,
      postgresPort: postgres.port,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startService(name: string, env: Record<string, string>) {
  const adminPort = await freePort()
  return startProcess({
    entry: `services/${name}/src/main.ts`,
    env: { ...env, SLUICE_ADMIN_PORT: String(adminPort) },
    readyWhen: `http://127.0.0.1:${adminPort}/readyz`,
    deadlineMs: 60_000,
  })
}

/** As the build of an image can: with it, no service loads the compiler that takes the types away, some 30 MB. */
function fillCompileCache(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const entry = join(import.meta.dirname, '../../services', name, 'src/main.ts')
  execFileSync(process.execPath, [entry, '--help'], { env: { ...process.env, NODE_COMPILE_CACHE: folder } })
  return folder
}

async function importCredentials(natsUrl: string, devices: number): Promise<void> {
  const log = createLog({ service: 'bench', level: 'silent' })
  const bus = await connectNats({ servers: natsUrl, service: 'bench', clock: systemClock, log })
  try {
    for (let from = 0; from < devices; from += 1_000) {
      const items = Array.from({ length: Math.min(1_000, devices - from) }, (_, index) => cpeOf(from + index))
      const reply = await bus.request(deviceImport, { items, actor: 'service:bench' })
      if (!reply.ok) throw new Error(`the registry refuses the devices: ${reply.error.code}`)
    }
  } finally {
    await bus.close()
  }
}
