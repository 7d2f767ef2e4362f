import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedBus } from '@sluice/bus'
import {
  type Artifact,
  artifactCreate,
  type ArtifactDraft,
  artifactGet,
  artifactRegistered,
  artifactResolve,
  artifactRevoked,
  artifactSuspected,
  artifactTrusted,
  type DataOf,
  imageDoubted,
  VERDICT_TYPE,
} from '@sluice/contracts'
import { signedBytesOf } from '@sluice/firmware'
import { openDirectoryImageStore } from '@sluice/image-store'
import { createIds, createLog, parseNetworks, systemClock } from '@sluice/runtime'
import { openEmbedded, type Sql } from '@sluice/sql'
import { inMemory, waitUntil } from '@sluice/testbed'
import { createArtifactResolver } from '../artifact-resolver.ts'
import type { ArtifactResolverSettings } from '../parts.ts'
import { readVerdictKeys } from '../read-verdict-keys.ts'

export const ACTOR = 'operator:eve'
export const TOKEN = 'internal-token-of-at-least-32-characters'
export const MAX_BYTES = 100_000
export const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const ids = createIds()
const VERIFIER = generateKeyPairSync('ed25519')
const VERDICT_KEYS = readVerdictKeys(VERIFIER.publicKey.export({ format: 'pem', type: 'spki' }).toString())

type Writable<T> = { -readonly [K in keyof T]: T[K] }

export interface ResolverWorld {
  readonly sql: Sql
  readonly imagesAt: string
  /** What a test may tighten on the way. */
  readonly imports: Writable<ArtifactResolverSettings['imports']>
  readonly origin: Writable<ArtifactResolverSettings['origin']>
  readonly intakeSettings: Writable<ArtifactResolverSettings['intake']>
  /** Of uploads: `http://127.0.0.1:<port>/intake`. */
  readonly intake: string
  readonly registered: readonly DataOf<typeof artifactRegistered>[]
  readonly revoked: readonly DataOf<typeof artifactRevoked>[]
  /** Digests of what file servers are to read again. */
  readonly doubted: readonly string[]
  /** All that the resolver and its bus logged. */
  logged(): string
  /** Throws with the code and the detail where it is refused. */
  create(draft?: Partial<ArtifactDraft>): Promise<string>
  get(artifactId: string): Promise<Artifact>
  becomes(artifactId: string, status: Artifact['status']): Promise<Artifact>
  /** Has the verifier trust it. */
  trust(artifactId: string): Promise<void>
  /** One device says that it is damaged. */
  suspect(artifactId: string): Promise<void>
  /** What one device is told to fetch: `resolved`, or the reason why not. */
  resolve(artifactId: string, urlMaxLength?: number): Promise<string>
  /** What lies in the folders of the store. */
  stored(): Promise<{ readonly incoming: string[]; readonly quarantine: string[]; readonly promoted: string[] }>
  close(): Promise<void>
}

/** A resolver on the embedded parts, that gives up quickly; 127.0.0.1 is the world outside, and all other loopback the inside. */
export async function startResolverWorld(
  given: Partial<ArtifactResolverSettings['imports']> = {},
  places: {
    readonly imagesAt?: string
    /** Of the database; absent: in memory. */
    readonly databaseAt?: string
  } = {},
): Promise<ResolverWorld> {
  const { imagesAt = await mkdtemp(join(tmpdir(), 'sluice-resolver-')), databaseAt } = places
  let logged = ''
  const log = createLog({ service: 'test', level: 'trace', destination: { write: (line) => void (logged += line) } })
  const sql = await openEmbedded(databaseAt === undefined ? inMemory() : { directory: databaseAt })
  const hub = await createEmbeddedBus({ sql, clock: systemClock, log })
  const images = await openDirectoryImageStore(imagesAt)
  const registered: DataOf<typeof artifactRegistered>[] = []
  const revoked: DataOf<typeof artifactRevoked>[] = []
  const verifier = hub.as('firmware-verifier')
  const scheduler = hub.as('campaign-scheduler')
  await verifier.consume(artifactRegistered, async (batch) => void registered.push(...batch.map(({ data }) => data)))
  await scheduler.consume(artifactRevoked, async (batch) => void revoked.push(...batch.map(({ data }) => data)))
  const doubted: string[] = []
  await hub.as('file-server').listen(imageDoubted, ({ data }) => void doubted.push(data.sha256))
  const imports: ResolverWorld['imports'] = {
    deadlineMs: 60_000,
    idleMs: 30_000,
    labNetworks: parseNetworks('127.0.0.1'),
    retryMs: 10,
    s3: null,
    ...given,
  }
  const origin: ResolverWorld['origin'] = { recheckMs: 3_600_000, bytesPerSecond: 100_000_000 }
  const intakeSettings = { host: '127.0.0.1', port: 0, token: TOKEN, deadlineMs: 60_000 }
  const resolver = createArtifactResolver(
    { sql, bus: hub.as('artifact-resolver'), images, clock: systemClock, ids, log },
    {
      filesBaseUrl: 'http://files.example.net:7549',
      downloadKey: Buffer.alloc(32, 7),
      verdictKeys: VERDICT_KEYS,
      maxImageBytes: MAX_BYTES,
      keepUploadsMs: 60_000,
      keepRejectedMs: 3_600_000,
      intake: intakeSettings,
      imports,
      origin,
    },
  )
  const { intakePort } = await resolver.start()
  const operator = hub.as('operator-api')

  const get = async (artifactId: string) => {
    const reply = await operator.request(artifactGet, { artifactId })
    if (!reply.ok) throw new Error(reply.error.code)
    return reply.data
  }
  const becomes = async (artifactId: string, status: Artifact['status']) => {
    let last: Artifact | undefined
    await waitUntil(async () => (last = await get(artifactId)).status === status, {
      deadlineMs: 25_000,
      describe: () => `${artifactId} is not ${status}: ${JSON.stringify(last)}`,
    })
    return last!
  }
  return {
    sql,
    imagesAt,
    imports,
    origin,
    intakeSettings,
    intake: `http://127.0.0.1:${intakePort}/intake`,
    registered,
    revoked,
    doubted,
    logged: () => logged,
    create: async (draft = {}) => {
      const whole = {
        name: 'router.bin',
        fits: [{ oui: '00D09E', productClass: 'IGD' }],
        version: '2.0',
        signatures: [],
        ...draft,
      }
      const reply = await operator.request(artifactCreate, { draft: whole, actor: ACTOR })
      if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.detail}`)
      return reply.data.artifactId
    },
    get,
    becomes,
    trust: async (artifactId) => {
      const { sha256 } = await becomes(artifactId, 'quarantined')
      const verdict = { trusted: true, reasons: [], checks: [], at: new Date().toISOString() }
      const data = { artifactId, statement: signed({ artifactId, sha256, verdict }) }
      await verifier.publish(artifactTrusted, [{ id: ids.event(), key: artifactId, data }])
      await becomes(artifactId, 'trusted')
    },
    suspect: async (artifactId) => {
      const data = { artifactId, campaignId: ids.campaign(), faultCode: 9018 }
      await scheduler.publish(artifactSuspected, [{ id: ids.event(), key: artifactId, data }])
    },
    resolve: async (artifactId, urlMaxLength = 256) => {
      const item = {
        attemptId: ids.attempt(),
        upgradeId: ids.upgrade(),
        campaignId: ids.campaign(),
        artifactId,
        deviceKey: 'dev_' + 'a'.repeat(26),
        oui: '00D09E',
        productClass: 'IGD',
        hardwareVersion: null,
        urlMaxLength,
        expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
      }
      const reply = await scheduler.request(artifactResolve, { items: [item] })
      if (!reply.ok) throw new Error(reply.error.code)
      const [answer] = reply.data.items
      return answer?.kind === 'unresolved' ? answer.reason : 'resolved'
    },
    stored: async () => {
      const [incoming, quarantine, promoted] = await Promise.all(
        ['incoming', 'quarantine', 'sha256'].map((folder) => readdir(join(imagesAt, folder))),
      )
      return { incoming: incoming!, quarantine: quarantine!, promoted: promoted! }
    },
    close: async () => {
      await resolver.stop()
      await hub.close()
      await sql.close()
    },
  }
}

/** As the verifier signs. */
function signed(statement: unknown) {
  const payload = Buffer.from(JSON.stringify(statement))
  const sig = sign(null, signedBytesOf(VERDICT_TYPE, payload), VERIFIER.privateKey).toString('base64')
  return { payloadType: VERDICT_TYPE, payload: payload.toString('base64'), signatures: [{ keyid: 'x', sig }] }
}
