import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@sluice/client'
import {
  freePort,
  startNatsWithUsers,
  startPostgres,
  startProcess,
  startRedis,
  startRoundRobinProxy,
  type CapsOfAll,
  type NatsWithUsers,
  type StartedProcess,
  type TestServer,
} from '@sluice/testbed'
import type { System } from './system.ts'

export interface DistributedSystem extends System {
  readonly nats: NatsWithUsers
  readonly redis: TestServer
  readonly postgres: TestServer
  /** The URL of each; devices are given that of the proxy in front of them. */
  readonly gateways: readonly string[]
  /** By name; where there are several, `cwmp-gateway-1` and on. */
  readonly services: ReadonlyMap<string, StartedProcess>
  /** Where each of them answers `/livez` and `/readyz`. */
  readonly adminUrls: ReadonlyMap<string, string>
  /** Starts a service again, with the settings it had, once the process it was has ended. */
  restart(name: string): Promise<void>
}

export interface DistributedOptions {
  readonly gateways?: number
  readonly schedulers?: number
  readonly labNetworks?: string
  readonly capsOfAll?: CapsOfAll
  /** Where the spans of all its processes go; nowhere unless told. */
  readonly tracesTo?: string
}

type Environment = Record<string, string>

const usersConf = join(import.meta.dirname, '../../deploy/nats/users.conf')

/**
 * The topology job, then every service as a process of its own, on servers of this system's own. NATS gives each the
 * user and the rights that are deployed; `remove` throws where a service wanted more.
 */
export async function startDistributedSystem(options: DistributedOptions = {}): Promise<DistributedSystem> {
  const [nats, redis, postgres] = await Promise.all([
    startNatsWithUsers(readFileSync(usersConf, 'utf8')),
    startRedis(),
    startPostgres(),
  ])
  const { capsOfAll = {} } = options
  const images = mkdtempSync(join(tmpdir(), 'sluice-images-'))
  const uploads = mkdtempSync(join(tmpdir(), 'sluice-uploads-'))
  const services = new Map<string, StartedProcess>()
  const adminUrls = new Map<string, string>()
  const closing: (() => Promise<unknown>)[] = [
    async () => [images, uploads].forEach((folder) => rmSync(folder, { recursive: true, force: true })),
    () => Promise.all([nats.stop(), redis.stop(), postgres.stop()]),
    () => Promise.all([...services.values()].map((service) => service.kill())),
  ]
  const remove = async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  }
  const onSql: Environment = { SLUICE_POSTGRES_URL: postgres.url }
  const onNats = (user: string): Environment => ({
    SLUICE_NATS_URL: nats.urlOf(user),
    ...(options.tracesTo !== undefined && { SLUICE_OTLP_ENDPOINT: options.tracesTo }),
  })
  const launches = new Map<string, () => Promise<void>>()
  const run = async (name: string, env: Environment, service = name): Promise<void> => {
    const launch = () => startService(name, env, service)
    launches.set(name, launch)
    await launch()
  }
  const startService = async (name: string, env: Environment, service: string): Promise<void> => {
    const adminPort = await freePort()
    const adminUrl = `http://127.0.0.1:${adminPort}`
    const started = await startProcess({
      entry: `services/${service}/src/main.ts`,
      env: { ...env, ...onNats(service), SLUICE_ADMIN_PORT: String(adminPort) },
      readyWhen: `${adminUrl}/readyz`,
      deadlineMs: 60_000,
    })
    adminUrls.set(name, adminUrl)
    services.set(name, started)
  }
  try {
    const topology = await startProcess({ entry: 'packages/bus/src/main.ts', env: onNats('topology') })
    if ((await topology.ended) !== 0) throw new Error(`the topology job failed: ${topology.output()}`)

    const secrets = sharedSecrets()
    const [filesPort, intakePort, apiPort, stunPort] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ]
    const intakeUrl = `http://127.0.0.1:${intakePort}`
    const onImages = { SLUICE_IMAGES_DIRECTORY: images }
    const onUploads = { SLUICE_UPLOADS_DIRECTORY: uploads }
    await Promise.all([
      run('device-registry', { ...onSql, SLUICE_SEAL_KEY: secrets.sealKey }),
      run('device-tasks', { ...onSql, SLUICE_SEAL_KEY: secrets.sealKey }),
      run('device-waker', {
        ...onSql,
        SLUICE_LAB_NETWORKS: options.labNetworks ?? '',
        SLUICE_STUN_HOST: '127.0.0.1',
        SLUICE_STUN_PORT: String(stunPort),
        SLUICE_NOTIFICATIONS_PORT: '0',
        SLUICE_WAKE_PER_DEVICE_MS: '1000',
      }),
      run('firmware-verifier', { ...onSql, ...onImages, SLUICE_VERDICT_KEY: secrets.verdictKey }),
      ...Array.from({ length: options.schedulers ?? 1 }, (_, index) =>
        run(`campaign-scheduler-${index + 1}`, { ...onSql, ...capSettings(capsOfAll) }, 'campaign-scheduler'),
      ),
      run('artifact-resolver', {
        ...onSql,
        ...onImages,
        ...onUploads,
        SLUICE_FILES_BASE_URL: `http://127.0.0.1:${filesPort}`,
        SLUICE_DOWNLOAD_KEY: secrets.downloadKey,
        SLUICE_VERDICT_PUBLIC_KEY: secrets.verdictPublicKey,
        SLUICE_INTAKE_TOKEN: secrets.intakeToken,
        SLUICE_INTAKE_PORT: String(intakePort),
        SLUICE_LAB_NETWORKS: options.labNetworks ?? '',
      }),
      run('file-server', {
        ...onImages,
        ...onUploads,
        SLUICE_DOWNLOAD_KEY: secrets.downloadKey,
        SLUICE_FILES_HOST: '127.0.0.1',
        SLUICE_FILES_PORT: String(filesPort),
      }),
      run('operator-api', {
        SLUICE_API_PORT: String(apiPort),
        SLUICE_API_TOKENS: `operator=${secrets.operatorToken}`,
        SLUICE_INTAKE_URL: intakeUrl,
        SLUICE_INTAKE_TOKEN: secrets.intakeToken,
      }),
    ])
    const gatewayPorts = await Promise.all(Array.from({ length: options.gateways ?? 2 }, () => freePort()))
    await Promise.all(
      gatewayPorts.map((port, index) =>
        run(
          `cwmp-gateway-${index + 1}`,
          {
            SLUICE_REDIS_URL: redis.url,
            SLUICE_CWMP_PORT: String(port),
            SLUICE_CWMP_NONCE_SECRET: secrets.nonceSecret,
            SLUICE_SNAPSHOT_KEY: secrets.snapshotKey,
          },
          'cwmp-gateway',
        ),
      ),
    )
    const gateways = gatewayPorts.map((port) => `http://127.0.0.1:${port}`)
    const proxy = await startRoundRobinProxy(gateways)
    closing.push(() => proxy.stop())
    const apiUrl = `http://127.0.0.1:${apiPort}`
    return {
      topology: 'distributed',
      stunPort,
      acsUrl: `${proxy.url}/`,
      apiUrl,
      client: createClient({ url: apiUrl, token: secrets.operatorToken }),
      capsOfAll,
      nats,
      redis,
      postgres,
      gateways,
      services,
      adminUrls,
      restart: async (name) => {
        await services.get(name)?.ended
        await launches.get(name)?.()
      },
      output: () =>
        [...services, ['proxy', proxy] as const].map(([name, part]) => `== ${name}\n${part.output()}`).join('\n'),
      quiet: () => sleep(1_000),
      stop: async () => {
        await Promise.all([...services.values()].map((service) => service.stop()))
      },
      readJournals: (read) => read({ postgresUrl: postgres.url }),
      remove: async () => {
        const refusals = nats.refusals()
        await remove()
        if (refusals.length > 0) throw new Error(`NATS refused what was not granted:\n${refusals.join('\n')}`)
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** 0 is none. */
function capSettings({ inFlight = 0, unproven = 0, startsPerMinute = 0, perSiteInFlight = 0 }: CapsOfAll): Environment {
  return {
    SLUICE_CAP_IN_FLIGHT: String(inFlight),
    SLUICE_CAP_UNPROVEN: String(unproven),
    SLUICE_CAP_STARTS_PER_MINUTE: String(startsPerMinute),
    SLUICE_CAP_PER_SITE_IN_FLIGHT: String(perSiteInFlight),
  }
}

function sharedSecrets() {
  const secret = () => randomBytes(32).toString('hex')
  const verdicts = generateKeyPairSync('ed25519')
  return {
    verdictKey: verdicts.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    verdictPublicKey: verdicts.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    sealKey: secret(),
    downloadKey: secret(),
    intakeToken: secret(),
    operatorToken: secret(),
    nonceSecret: secret(),
    snapshotKey: secret(),
  }
}
