import { join } from 'node:path'
import { createArtifactResolver } from '@sluice/artifact-resolver'
import { createEmbeddedBus } from '@sluice/bus'
import { createScheduler } from '@sluice/campaign-scheduler'
import { createGateway, defaultSettings as gatewayDefaults } from '@sluice/cwmp-gateway'
import { createRegistry } from '@sluice/device-registry'
import { createFileServer } from '@sluice/file-server'
import { createFirmwareVerifier } from '@sluice/firmware-verifier'
import { createMemoryHotStore } from '@sluice/hot-store'
import { openDirectoryImageStore } from '@sluice/image-store'
import { defaultProfiles } from '@sluice/model-profiles'
import { createOperatorApi } from '@sluice/operator-api'
import { type Clock, type Ids, type Log, type LogLevel, createLog, parseNetworks } from '@sluice/runtime'
import { openEmbedded } from '@sluice/sql'
import { keepSecrets } from './secrets.ts'

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
  readonly auth: 'digest' | 'basic' | 'none'
  readonly filesPort: number
  readonly apiHost: string
  readonly apiPort: number
  /** Networks by prefix, separated by commas. */
  readonly labNetworks: string
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
    const hotStore = createMemoryHotStore({ clock })
    closing.push(() => hotStore.close())
    const partsOf = (service: string) => ({
      sql,
      images,
      clock,
      ids,
      bus: hub.as(service),
      log: createLog({ service, level: parts.log.level as LogLevel }),
    })
    const run = async <T>(service: { start(): Promise<T>; stop(): Promise<void> }): Promise<T> => {
      closing.push(() => service.stop())
      return service.start()
    }

    await run(createRegistry(partsOf('device-registry'), { sealKey: secrets.sealKey }))
    await run(createFirmwareVerifier(partsOf('firmware-verifier'), { requiredKeys: 1, deadlineMs: 120_000 }))
    // Before the file server, which serves nobody until it knows whose downloads are stopped.
    await run(createScheduler(partsOf('campaign-scheduler')))
    const filesPort = await run(
      createFileServer(partsOf('file-server'), {
        host: settings.host,
        port: settings.filesPort,
        keys: [downloadKey],
        requireCredentials: false,
        maxTransfers: 2_000,
        maxTransfersPerAttempt: 4,
        idleMs: 60_000,
        maxTransferMs: 6 * 3_600_000,
        stopsRefreshMs: 5_000,
        drainMs: 5_000,
      }),
    )
    const filesUrl = `http://${settings.publicHost}:${filesPort}`
    const { intakePort } = await run(
      createArtifactResolver(partsOf('artifact-resolver'), {
        filesBaseUrl: filesUrl,
        downloadKey,
        maxImageBytes: 256 * MEBIBYTE,
        intake: { host: '127.0.0.1', port: 0, token: secrets.intakeToken, deadlineMs: 30 * 60_000 },
        imports: { deadlineMs: 10 * 60_000, retryMs: 30_000, labNetworks },
      }),
    )
    const { port: apiPort } = await run(
      createOperatorApi(partsOf('operator-api'), {
        host: settings.apiHost,
        port: settings.apiPort,
        tokens: `operator=${secrets.operatorToken}`,
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
        host: settings.host,
        port: settings.cwmpPort,
        auth: settings.auth,
        nonceSecret: secrets.nonceSecret,
        snapshotKey: secrets.snapshotKey,
      },
    })
    await run(gateway)
    return {
      acsUrl: `http://${settings.publicHost}:${gateway.port}/`,
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
