import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { createEmbeddedBus } from '@sluice/bus'
import { answered, attemptObserved, type Observation, transferStopsChanged, transferStopsGet } from '@sluice/contracts'
import { campaignMarkOf, type DownloadGrant, mintGrant } from '@sluice/firmware'
import { openDirectoryImageStore } from '@sluice/image-store'
import { type Clock, createIds, createLog, systemClock } from '@sluice/runtime'
import { openEmbedded } from '@sluice/sql'
import { inMemory, waitUntil } from '@sluice/testbed'
import { createFileServer, type FileServer } from '../file-server.ts'
import { defaultSettings, type FileServerSettings } from '../file-server-settings.ts'

const KEY = Buffer.alloc(32, 7)
const HOUR_S = 3_600

/** An image that the store holds. */
export interface StoredImage {
  readonly artifactId: string
  readonly sha256: string
  readonly bytes: Buffer
}

/** File servers on a bus of their own, and what the scheduler hears from them. */
export async function openStand() {
  const ids = createIds()
  const logged: string[] = []
  const destination = new Writable({ write: (line: Buffer, _, done) => (logged.push(line.toString()), done()) })
  const log = createLog({ service: 'test', destination })
  const sql = await openEmbedded(inMemory())
  const hub = await createEmbeddedBus({ sql, clock: systemClock, log })
  const directory = await mkdtemp(join(tmpdir(), 'sluice-images-'))
  const images = await openDirectoryImageStore(directory)
  const scheduler = hub.as('campaign-scheduler')
  const observed: Observation[] = []
  const campaignId = ids.campaign()
  const running: FileServer[] = []

  await scheduler.consume(attemptObserved, async (batch) => {
    observed.push(...batch.flatMap((event) => event.data.items))
  })
  await scheduler.serve(transferStopsGet, async (batch) =>
    batch.map(() => answered({ campaignIds: [], artifactIds: [] })),
  )
  const factsOf = (attemptId: string) =>
    observed.map(({ fact }) => fact).filter((fact) => 'attemptId' in fact && fact.attemptId === attemptId)

  return {
    ids,
    /** Where images lie: `sha256/<digest>`. */
    directory,
    /** Every line, as text. */
    logged,
    factsOf,
    /** Waits until these facts were told of an attempt, and no others. */
    told: (attemptId: string, ...kinds: string[]) =>
      waitUntil(
        () =>
          factsOf(attemptId)
            .map(({ kind }) => kind)
            .join() === kinds.join(),
        {
          describe: () => `${JSON.stringify(factsOf(attemptId))} instead of ${kinds.join()}`,
        },
      ),
    async store(bytes: Buffer): Promise<StoredImage> {
      const artifactId = ids.artifact()
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const source = (async function* () {
        yield bytes
      })()
      await images.quarantine(artifactId, source, { maxBytes: 1e9 })
      await images.promote(artifactId, sha256)
      return { artifactId, sha256, bytes }
    },
    /** The right of a new attempt to an image; `path` begins with a slash and ends with a file name. */
    grant(artifactId: string, changed: Partial<DownloadGrant> = {}) {
      const whole: DownloadGrant = {
        attemptId: ids.attempt(),
        upgradeId: ids.upgrade(),
        campaignMark: campaignMarkOf(campaignId),
        artifactId,
        expiresAt: Math.floor(Date.now() / 1_000) + HOUR_S,
        ...changed,
      }
      const minted = mintGrant(whole, KEY)
      return { ...whole, ...minted, path: `/${minted.path}/fw.bin`, token: minted.path.slice('f/'.length) }
    },
    /** What the scheduler says is stopped, from now on. */
    sayStopped: (stopped: { campaigns?: boolean; artifactIds?: string[] }) =>
      scheduler.announce(transferStopsChanged, [
        {
          id: ids.event(),
          key: 'all',
          data: { campaignIds: stopped.campaigns ? [campaignId] : [], artifactIds: stopped.artifactIds ?? [] },
        },
      ]),
    async start(changed: Partial<FileServerSettings> = {}, clock: Clock = systemClock) {
      const server = createFileServer(
        { bus: hub.as('file-server'), images, clock, ids, log },
        { ...defaultSettings, host: '127.0.0.1', port: 0, keys: [KEY], drainMs: 2_000, ...changed },
      )
      running.push(server)
      return server.start()
    },
    async close() {
      await Promise.all(running.map((server) => server.stop()))
      await hub.close()
      await sql.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
export type Stand = Awaited<ReturnType<typeof openStand>>
