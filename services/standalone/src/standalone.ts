import { join } from 'node:path'
import { createArtifactResolver } from '@sluice/artifact-resolver'
import { createEmbeddedBus } from '@sluice/bus'
import { createScheduler } from '@sluice/campaign-scheduler'
import {
  createGateway,
  type Gateway,
  defaultSettings as gatewayDefaults,
  type GatewaySettings,
} from '@sluice/cwmp-gateway'
import { createRegistry, type RegistrySettings } from '@sluice/device-registry'
import { createDeviceTasks } from '@sluice/device-tasks'
import { type DeviceWakerSettings, createDeviceWaker } from '@sluice/device-waker'
import { createFileServer, defaultSettings as fileServerDefaults } from '@sluice/file-server'
import { createFirmwareVerifier } from '@sluice/firmware-verifier'
import { createMemoryHotStore } from '@sluice/hot-store'
import { openDirectoryImageStore, openDirectoryUploadStore } from '@sluice/image-store'
import { defaultProfiles } from '@sluice/model-profiles'
import { createOperatorApi } from '@sluice/operator-api'
import { type Clock, type Ids, type Log, type LogLevel, createLog, parseNetworks } from '@sluice/runtime'
import { openEmbedded } from '@sluice/sql'
import { keepSecrets } from './secrets.ts'
import { verdictKeysFrom } from './verdict-keys.ts'

export interface StandaloneParts {
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
}

/** Ports may be 0: any free one. */
export interface StandaloneSettings {
  readonly stateDirectory: string
  readonly host: string
  readonly publicHost: string
  readonly cwmpPort: number
  /** How CPE are listened to, where it is not as usual: TLS, authentication, limits. */
  readonly http: Partial<GatewaySettings>
  readonly filesPort: number
  readonly apiHost: string
  readonly apiPort: number
  /** Who may call besides `operator`: name=token, separated by commas or lines. */
  readonly apiTokens?: string | undefined
  /** Networks by prefix, separated by commas. */
  readonly labNetworks: string
  /** Whether a campaign is refused that has an image no release covers. */
  readonly requireRelease: boolean
  /** What differs from how the registry is by itself. */
  readonly registry: Partial<Pick<RegistrySettings, 'autoRegistration' | 'bootstrapReturnsPerHour'>>
  /** UDP ports of the STUN server and of lightweight notifications; null: none. */
  readonly stunPort: number | null
  readonly notificationsPort: number | null
}

export interface Standalone {
  readonly acsUrl: string
  readonly filesUrl: string
  readonly apiUrl: string
  readonly operatorToken: string
  isUp(): boolean
  /** Ends what was started, last first. */
  stop(): Promise<void>
}

const MEBIBYTE = 1_048_576
const DAY_MS = 24 * 3_600_000

/**
 * The whole system in one process: the services as they are, on the embedded database, the embedded bus, a hot
 * store in memory and images in a directory. It only wires.
 */
export async function startStandalone(parts: StandaloneParts, settings: StandaloneSettings): Promise<Standalone> {
  const { clock, ids } = parts
  const closing: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  }
  try {
    const secrets = keepSecrets(settings.stateDirectory)
    const downloadKey = Buffer.from(secrets.downloadKey, 'hex')
    const { verdictKey, verdictKeys } = verdictKeysFrom(secrets.verdictSeed)
    const labNetworks = parseNetworks(settings.labNetworks)

    const sql = await openEmbedded({ directory: join(settings.stateDirectory, 'database') })
    closing.push(() => sql.close())
    const hub = await createEmbeddedBus({
      sql,
      clock,
      log: createLog({ service: 'bus', level: parts.log.level as LogLevel }),
    })
    closing.push(() => hub.close())
    const images = await openDirectoryImageStore(join(settings.stateDirectory, 'images'))
    const uploads = await openDirectoryUploadStore(join(settings.stateDirectory, 'uploads'))
    const hotStore = createMemoryHotStore({ clock })
    closing.push(() => hotStore.close())
    const partsOf = (service: string) => ({
      sql,
      images,
      uploads,
      clock,
      ids,
      bus: hub.as(service),
      log: createLog({ service, level: parts.log.level as LogLevel }),
    })
    const run = async <T>(service: { start(): Promise<T>; stop(): Promise<void> }): Promise<T> => {
      closing.push(() => service.stop())
      return service.start()
    }

    await run(createRegistry(partsOf('device-registry'), { sealKey: secrets.sealKey, ...settings.registry }))
    await run(createDeviceWaker(partsOf('device-waker'), wakerSettings(settings)))
    await run(createDeviceTasks(partsOf('device-tasks'), { sealKey: secrets.sealKey }))
    await run(
      createFirmwareVerifier(partsOf('firmware-verifier'), {
        requiredKeys: 1,
        secondPerson: false,
        releaseRequiredKeys: 1,
        deadlineMs: 120_000,
        memoryMb: 128,
        verdictKey,
      }),
    )
    // Before the file server, which serves nobody until it knows whose downloads are stopped.
    const { requireRelease } = settings
    await run(createScheduler({ ...partsOf('campaign-scheduler'), settings: { requireRelease } }))
    const files = await run(
      createFileServer(partsOf('file-server'), {
        ...fileServerDefaults,
        host: settings.host,
        port: settings.filesPort,
        keys: [downloadKey],
        drainMs: 5_000,
      }),
    )
    const filesUrl = `http://${settings.publicHost}:${files.port}`
    const { intakePort } = await run(
      createArtifactResolver(partsOf('artifact-resolver'), {
        filesBaseUrl: filesUrl,
        downloadKey,
        verdictKeys,
        keepUploadsMs: 30 * DAY_MS,
        keepRejectedMs: 30 * DAY_MS,
        maxImageBytes: 256 * MEBIBYTE,
        intake: { host: '127.0.0.1', port: 0, token: secrets.intakeToken, deadlineMs: 30 * 60_000 },
        imports: { deadlineMs: 10 * 60_000, idleMs: 30_000, retryMs: 30_000, labNetworks, s3: null },
        origin: { recheckMs: DAY_MS, bytesPerSecond: 8 * MEBIBYTE },
      }),
    )
    const { port: apiPort } = await run(
      createOperatorApi(partsOf('operator-api'), {
        host: settings.apiHost,
        port: settings.apiPort,
        tokens: [`operator=${secrets.operatorToken}`, settings.apiTokens ?? ''].join('\n'),
        intakeUrl: `http://127.0.0.1:${intakePort}`,
        intakeToken: secrets.intakeToken,
      }),
    )
    // Last: a device is let in when there is somebody to tell of it.
    const gateway = createGateway({
      ...partsOf('cwmp-gateway'),
      hotStore,
      profiles: defaultProfiles,
      settings: {
        ...gatewayDefaults,
        // It ends the CPE's own TCP connections.
        connectionSessions: true,
        ...settings.http,
        host: settings.host,
        port: settings.cwmpPort,
        nonceSecret: secrets.nonceSecret,
        snapshotKey: secrets.snapshotKey,
        settingsKey: secrets.settingsKey,
      },
    })
    await run(gateway)
    return {
      acsUrl: acsUrlOf(settings.publicHost, gateway),
      filesUrl,
      apiUrl: `http://${settings.apiHost}:${apiPort}`,
      operatorToken: secrets.operatorToken,
      isUp: () => sql.status() === 'up',
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Plain HTTP where there is any. */
function acsUrlOf(publicHost: string, { port, tlsPort }: Gateway): string {
  return port === 0 ? `https://${publicHost}:${tlsPort}/` : `http://${publicHost}:${port}/`
}

const PER_SOURCE = 100

/** The waker of one machine: HTTP always, UDP where ports are given, no XMPP. */
function wakerSettings({ host, labNetworks, stunPort, notificationsPort }: StandaloneSettings): DeviceWakerSettings {
  return {
    cpeNetworks: '',
    ownNetworks: '',
    labNetworks,
    cpePorts: '80,1024-65535',
    perSecond: 50,
    perDeviceMs: 1_000,
    maxQueued: 10_000,
    maxRunning: 64,
    busyTries: 5,
    unreachableTries: 2,
    firstRetryMs: 5_000,
    longestRetryMs: 300_000,
    httpDeadlineMs: 10_000,
    // A password in the clear, in a lab alone.
    allowBasic: labNetworks !== '',
    stun:
      stunPort === null
        ? null
        : { host, port: stunPort, publicAddress: null, maxBindings: 10_000, perSourcePerSecond: PER_SOURCE },
    xmpp: null,
    notifications:
      notificationsPort === null ? null : { host, port: notificationsPort, perSourcePerSecond: PER_SOURCE },
  }
}
