import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bus } from '@sluice/bus'
import {
  artifactRegistered,
  artifactRejected,
  artifactRevoked,
  artifactTrusted,
  trustKeyAdd,
  type DataOf,
  type InputOf,
  type Verdict,
  type VerdictStatement,
} from '@sluice/contracts'
import { openDirectoryImageStore, type ImageStore } from '@sluice/image-store'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import type { Sql } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { createFirmwareVerifier } from '../firmware-verifier.ts'
import type { FirmwareVerifierSettings } from '../parts.ts'
import { countingStore, type Counts } from './counting-store.ts'

export const ids = createIds()
export const log = createLog({ service: 'test', level: 'silent' })
export const FITS = [{ oui: '00D09E', productClass: 'IGD' }]
export const IMAGE = Buffer.from('firmware 2.0, as bytes go')
export const VERDICT_PAIR = generateKeyPairSync('ed25519')
export const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
export const pemOf = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString()

export type Registered = DataOf<typeof artifactRegistered>
type Judged = DataOf<typeof artifactTrusted>

/** What the suite runs on. */
export interface Stand {
  readonly sql: Sql
  /** The bus of a service. */
  as(service: string): Bus
  close(): Promise<void>
}

export const SETTINGS: FirmwareVerifierSettings = {
  requiredKeys: 1,
  secondPerson: false,
  releaseRequiredKeys: 1,
  deadlineMs: 20_000,
  memoryMb: 64,
  verdictKey: VERDICT_PAIR.privateKey,
}

export interface World {
  readonly hub: Stand
  readonly images: ImageStore
  readonly counts: Counts
  /** Awaited before each piece of an image is handed out. */
  holdUp: () => Promise<void>
  readonly trusted: Judged[]
  readonly rejected: Judged[]
  readonly revoked: DataOf<typeof artifactRevoked>[]
  /** Of which artifacts a revocation was told, or will be: what is not to come cannot be waited for. */
  revocations(): Promise<string[]>
  operator(): Bus
  addedKey(rest?: Partial<InputOf<typeof trustKeyAdd>>): Promise<AddedKey>
  /** Puts bytes into quarantine and says so; the id of the artifact. */
  register(bytes: Uint8Array, rest?: Partial<Registered>): Promise<string>
  verdictOn(artifactId: string): Promise<Verdict>
  codes(artifactId: string): Promise<string[]>
  stop(): Promise<void>
}

export interface AddedKey {
  readonly keyId: string
  readonly publicKeyPem: string
  signature(bytes: Uint8Array): Registered['signatures'][number]
}

/** A verifier that runs, with what a resolver and an operator do around it. */
export async function openWorld(hub: Stand, settings: Partial<FirmwareVerifierSettings> = {}): Promise<World> {
  const counts: Counts = { reads: 0, bytes: 0 }
  const directory = await openDirectoryImageStore(await mkdtemp(join(tmpdir(), 'sluice-verifier-')))
  const images = countingStore(directory, counts, () => world.holdUp())
  const [trusted, rejected]: Judged[][] = [[], []] as const
  const revoked: DataOf<typeof artifactRevoked>[] = []
  const resolver = hub.as('artifact-resolver')
  const stops = [
    await resolver.consume(artifactTrusted, async (batch) => void trusted!.push(...batch.map((event) => event.data))),
    await resolver.consume(artifactRejected, async (batch) => void rejected!.push(...batch.map((event) => event.data))),
    await resolver.consume(artifactRevoked, async (batch) => void revoked.push(...batch.map((event) => event.data))),
  ]
  const parts = { sql: hub.sql, bus: hub.as('firmware-verifier'), images, clock: systemClock, ids, log }
  const verifier = createFirmwareVerifier(parts, { ...SETTINGS, ...settings })
  await verifier.start()

  const operator = () => hub.as('operator-api')
  const verdictOn = async (artifactId: string) => {
    const find = () => [...trusted!, ...rejected!].find((judged) => judged.artifactId === artifactId)
    await waitUntil(() => find() !== undefined, { describe: () => 'no verdict', deadlineMs: 60_000 })
    return statementIn(find()!).verdict
  }
  const world: World = {
    hub,
    images,
    counts,
    holdUp: async () => undefined,
    trusted: trusted!,
    rejected: rejected!,
    revoked,
    revocations: () => keysTold(hub.sql, artifactRevoked.name),
    operator,
    addedKey: async (rest = {}) => {
      const pair = generateKeyPairSync('ed25519')
      const input = { name: 'vendor', publicKeyPem: pemOf(pair.publicKey), actor: 'operator:eve', ...rest }
      const reply = await operator().request(trustKeyAdd, input)
      if (!reply.ok) throw new Error(reply.error.detail)
      const { keyId, publicKeyPem } = reply.data
      return { keyId, publicKeyPem, signature: (bytes) => signatureOf(bytes, pair.privateKey) }
    },
    register: async (bytes, rest = {}) => {
      const artifactId = rest.artifactId ?? ids.artifact()
      await images.quarantine(artifactId, once(bytes), { maxBytes: 1e9 })
      const data = registered(artifactId, bytes, rest)
      await resolver.publish(artifactRegistered, [{ id: ids.event(), key: artifactId, data }])
      return artifactId
    },
    verdictOn,
    codes: async (artifactId) => (await verdictOn(artifactId)).reasons.map((reason) => reason.code),
    stop: async () => {
      await verifier.stop()
      await Promise.all(stops.map((stop) => stop()))
    },
  }
  return world
}

/** The keys of the events of this name that the verifier has committed, published or not. */
export async function keysTold(sql: Sql, kind: string): Promise<string[]> {
  const text = `select key from verifier.journal where direction = 'out' and kind = $1`
  const rows = await sql.query<{ key: string }>(text, [kind])
  return rows.map(({ key }) => key)
}

export function registered(artifactId: string, bytes: Uint8Array, rest: Partial<Registered> = {}): Registered {
  return {
    artifactId,
    size: bytes.length,
    sha256: sha256Of(bytes),
    declaredSize: null,
    declaredSha256: null,
    format: null,
    version: '2.0',
    softwareVersions: ['2.0'],
    boards: null,
    fits: FITS,
    signatures: [],
    actor: 'operator:eve',
    ...rest,
  }
}

export function signatureOf(bytes: Uint8Array, key: KeyObject): Registered['signatures'][number] {
  return { algorithm: 'ed25519', value: sign(null, bytes, key).toString('base64') }
}

export function statementIn({ statement }: Judged): VerdictStatement {
  return JSON.parse(Buffer.from(statement.payload, 'base64').toString()) as VerdictStatement
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
