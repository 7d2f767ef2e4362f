import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyTopology, connectNats } from '@sluice/bus'
import { answered, transferStopsGet } from '@sluice/contracts'
import { campaignMarkOf, mintGrant } from '@sluice/firmware'
import { openDirectoryImageStore } from '@sluice/image-store'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { freePort, startNats, startNginx, startProcess } from '@sluice/testbed'
import { childNamed } from '../processor-time.ts'

/** Who serves, where, and which processes pay for it. */
export interface Served {
  readonly name: string
  readonly port: number
  readonly nginxPid: number | null
  readonly filesPid: number | null
  /** The path of one more transfer of an image. */
  pathOf(image: number): string
}

export interface FilesStand {
  /** nginx alone, which is what the others are compared with. */
  readonly nginx: Served
  readonly alone: Served
  readonly aloneWithoutMemory: Served
  readonly behindNginx: Served
  readonly natsPid: number
  stop(): Promise<void>
}

const ids = createIds()
const KEY = randomBytes(32)
const CAMPAIGN_MARK = campaignMarkOf(ids.campaign())
const KEEP_NOTHING = { SLUICE_FILES_CACHE_BYTES: '0' }

/** File servers as processes of their own, on a real NATS, and nginx, all with the same images. */
export async function startFilesStand(images: number, bytesEach: number): Promise<FilesStand> {
  const stops: (() => Promise<void>)[] = []
  const kept = <T extends { stop(): Promise<void> }>(part: T): T => {
    stops.push(() => part.stop())
    return part
  }
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end()
  }
  try {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-images-'))
    stops.push(async () => rmSync(directory, { recursive: true, force: true }))
    const stored = await storeImages(directory, images, bytesEach)
    const nats = kept(await startNats())
    await applyTopology(nats.url)
    stops.push(await answerAsScheduler(nats.url))

    const startFiles = async (env: Record<string, string> = {}) => {
      const [port, adminPort] = [await freePort(), await freePort()]
      const { pid } = kept(
        await startProcess({
          entry: 'services/file-server/src/main.ts',
          env: {
            SLUICE_NATS_URL: nats.url,
            SLUICE_IMAGES_DIRECTORY: directory,
            SLUICE_DOWNLOAD_KEY: KEY.toString('hex'),
            SLUICE_FILES_HOST: '127.0.0.1',
            SLUICE_FILES_PORT: String(port),
            SLUICE_ADMIN_PORT: String(adminPort),
            ...env,
          },
          readyWhen: `http://127.0.0.1:${adminPort}/readyz`,
          deadlineMs: 60_000,
        }),
      )
      return { port, pid }
    }
    const granted = (image: number) => grantedPath(stored[image % stored.length]!.artifactId)
    const alone = await startFiles()
    const withoutMemory = await startFiles(KEEP_NOTHING)
    const transferLogPort = await freePort()
    const asked = await startFiles({
      SLUICE_FILES_SERVE: 'accel',
      SLUICE_FILES_TRANSFER_LOG_PORT: String(transferLogPort),
    })
    const plain = kept(await startNginx((port, own) => plainConf(port, own, directory)))
    const telling = kept(
      await startNginx((port, own) => deployedConf(port, own, directory, asked.port, transferLogPort)),
    )
    const pidOf = (nginx: { directory: string }) => Number(readFileSync(join(nginx.directory, 'nginx.pid'), 'latin1'))
    return {
      nginx: {
        name: 'nginx',
        port: plain.port,
        nginxPid: pidOf(plain),
        filesPid: null,
        pathOf: (image) => `/sha256/${stored[image % stored.length]!.sha256}`,
      },
      alone: {
        name: 'file server alone',
        port: alone.port,
        nginxPid: null,
        filesPid: alone.pid,
        pathOf: granted,
      },
      aloneWithoutMemory: {
        name: 'file server alone, no image in memory',
        port: withoutMemory.port,
        nginxPid: null,
        filesPid: withoutMemory.pid,
        pathOf: granted,
      },
      behindNginx: {
        name: 'file server and nginx (X-Accel)',
        port: telling.port,
        nginxPid: pidOf(telling),
        filesPid: asked.pid,
        pathOf: granted,
      },
      natsPid: childNamed('nats-server'),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function storeImages(directory: string, count: number, bytesEach: number) {
  const store = await openDirectoryImageStore(directory)
  const stored: { artifactId: string; sha256: string }[] = []
  for (let image = 0; image < count; image += 1) {
    const bytes = randomBytes(bytesEach)
    const [artifactId, sha256] = [ids.artifact(), createHash('sha256').update(bytes).digest('hex')]
    const source = (async function* () {
      yield bytes
    })()
    await store.quarantine(artifactId, source, { maxBytes: bytesEach })
    await store.promote(artifactId, sha256)
    stored.push({ artifactId, sha256 })
  }
  return stored
}

/** Nothing is stopped; facts wait in the stream. */
async function answerAsScheduler(natsUrl: string): Promise<() => Promise<void>> {
  const log = createLog({ service: 'bench', level: 'silent' })
  const bus = await connectNats({ servers: natsUrl, service: 'campaign-scheduler', clock: systemClock, log })
  await bus.serve(transferStopsGet, async (batch) => batch.map(() => answered({ campaignIds: [], artifactIds: [] })))
  return () => bus.close()
}

/** Of an attempt of its own, as in a fleet. */
function grantedPath(artifactId: string): string {
  const expiresAt = Math.floor(systemClock.now() / 1_000) + 3_600
  const whose = { attemptId: ids.attempt(), upgradeId: ids.upgrade(), campaignMark: CAMPAIGN_MARK }
  return `/${mintGrant({ ...whose, artifactId, expiresAt }, KEY).path}/fw.bin`
}

/** With what `deploy/nginx/files.conf` has: sendfile, files kept open, a line of log for each transfer. */
function plainConf(port: number, own: string, images: string): string {
  return `server {
    listen 127.0.0.1:${port};
    access_log ${own}/access.log;
    root ${images};
    sendfile on; tcp_nopush on; open_file_cache max=1000 inactive=60s;
  }`
}

function deployedConf(port: number, own: string, images: string, filesPort: number, transferLogPort: number): string {
  return readFileSync(join(import.meta.dirname, '../../../deploy/nginx/files.conf'), 'utf8')
    .replaceAll('file-server:7549', `127.0.0.1:${filesPort}`)
    .replaceAll('file-server:7550', `127.0.0.1:${transferLogPort}`)
    .replaceAll('listen 7549', `listen 127.0.0.1:${port}`)
    .replaceAll('/images/', `${images}/`)
    .replaceAll('/var/log/nginx/access.log', `${own}/access.log`)
}
