import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bus, applyTopology, connectNats } from '@sluice/bus'
import { createLog, systemClock } from '@sluice/runtime'
import { type Sql, connectPostgres } from '@sluice/sql'
import { type StartedProcess, freePort, startNats, startPostgres, startProcess, startRedis } from '@sluice/testbed'
import { childNamed } from '../processor-time.ts'

export type Service = 'device-registry' | 'campaign-scheduler' | 'artifact-resolver' | 'cwmp-gateway'

export interface FleetStand {
  readonly sql: Sql
  readonly natsUrl: string
  readonly redisUrl: string
  /** Of servers and services that run. */
  pids(): Readonly<Record<string, number>>
  start(service: Service): Promise<void>
  /** Ends one service, so that it writes its profile. */
  end(service: Service): Promise<void>
  /** A bus of the driver's own, under the name of whom it plays. */
  bus(service: string): Promise<Bus>
  stop(): Promise<void>
}

export interface FleetStandOptions {
  /** PostgreSQL waits for the disk before it answers a commit. */
  readonly fsync: boolean
  /** Where services write CPU profiles, each in a folder of its name. */
  readonly profile: string | null
  /** Of each stream. */
  readonly streamBytes?: number
}

/** As an operator would give to a machine like this one; waits for the disk unless told otherwise. */
const postgresSettings = (fsync: boolean) => ({
  fsync: fsync ? 'on' : 'off',
  full_page_writes: fsync ? 'on' : 'off',
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  shared_preload_libraries: 'pg_stat_statements',
})

/** Real servers and services, each a process of its own. */
export async function startFleetStand(options: FleetStandOptions): Promise<FleetStand> {
  const stops: (() => Promise<void>)[] = []
  const services = new Map<Service, StartedProcess>()
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end()
  }
  const kept = <T extends { stop(): Promise<void> }>(part: T): T => {
    stops.push(() => part.stop())
    return part
  }
  try {
    const nats = kept(await startNats())
    const redis = kept(await startRedis())
    const postgres = kept(await startPostgres(postgresSettings(options.fsync)))
    await applyTopology(nats.url, { maxBytes: options.streamBytes ?? 1024 ** 3 })
    const sql = await connectPostgres({ url: postgres.url, statementTimeoutMs: 600_000 })
    stops.push(() => sql.close())
    await sql.query('create extension if not exists pg_stat_statements')
    const images = mkdtempSync(join(tmpdir(), 'sluice-bench-images-'))
    stops.push(async () => rmSync(images, { recursive: true, force: true }))
    const stores = { SLUICE_NATS_URL: nats.url, SLUICE_POSTGRES_URL: postgres.url }
    const settings: Record<Service, Record<string, string>> = {
      'device-registry': { ...stores, SLUICE_SEAL_KEY: '5'.repeat(64), SLUICE_AUTO_REGISTRATION: 'true' },
      // Nobody signs here, and nobody could look at it.
      'campaign-scheduler': { ...stores, SLUICE_REQUIRE_RELEASE: 'false' },
      'artifact-resolver': {
        ...stores,
        SLUICE_IMAGES_DIRECTORY: images,
        SLUICE_FILES_BASE_URL: 'http://files.example.net:7549',
        SLUICE_DOWNLOAD_KEY: '6'.repeat(64),
        SLUICE_VERDICT_PUBLIC_KEY: anyPublicKey(),
        SLUICE_INTAKE_TOKEN: '7'.repeat(32),
        SLUICE_INTAKE_PORT: '0',
      },
      'cwmp-gateway': {
        SLUICE_NATS_URL: nats.url,
        SLUICE_REDIS_URL: redis.url,
        SLUICE_CWMP_PORT: '0',
        SLUICE_CWMP_NONCE_SECRET: 'a secret of the bench',
        SLUICE_SNAPSHOT_KEY: 'a key of the bench',
      },
    }
    const servers = {
      nats: childNamed('nats-server'),
      redis: childNamed('redis-server'),
      postgres: childNamed('postgres'),
    }
    return {
      sql,
      natsUrl: nats.url,
      redisUrl: redis.url,
      pids: () => ({ ...servers, ...Object.fromEntries(Array.from(services, ([name, { pid }]) => [name, pid])) }),
      start: async (name) => {
        const started = await startService(name, settings[name], options.profile)
        services.set(name, started)
        stops.push(() => started.stop())
      },
      end: async (name) => {
        await services.get(name)?.stop()
        services.delete(name)
      },
      bus: async (service) => {
        const log = createLog({ service: 'bench', level: 'silent' })
        const bus = await connectNats({ servers: nats.url, service, clock: systemClock, log, publishMs: 10_000 })
        stops.push(() => bus.close())
        return bus
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startService(name: Service, env: Record<string, string>, profile: string | null) {
  const adminPort = await freePort()
  const nodeOptions = profile === null ? '' : `--cpu-prof --cpu-prof-dir=${join(profile, name)}`
  return startProcess({
    entry: `services/${name}/src/main.ts`,
    env: { ...env, SLUICE_ADMIN_PORT: String(adminPort), NODE_OPTIONS: nodeOptions },
    readyWhen: `http://127.0.0.1:${adminPort}/readyz`,
    deadlineMs: 60_000,
  })
}

/** Nobody judges images here. */
function anyPublicKey(): string {
  return generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }).toString()
}
