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
  trustKeyList,
  trustKeyRevoke,
  type DataOf,
  type InputOf,
} from '@sluice/contracts'
import { openDirectoryImageStore } from '@sluice/image-store'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { createJournal, type Sql } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFirmwareVerifier, type FirmwareVerifier } from './firmware-verifier.ts'
import { judgeRegistered } from './judge-registered.ts'
import { createObservability } from './observability.ts'

type Registered = DataOf<typeof artifactRegistered>
const ids = createIds()
const log = createLog({ service: 'test', level: 'silent' })
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const pemOf = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString()
const FITS = [{ oui: '00D09E', productClass: 'IGD' }]
const IMAGE = Buffer.from('firmware 2.0, as bytes go')

/** What the suite runs on. */
export interface Stand {
  readonly sql: Sql
  /** The bus of a service. */
  as(service: string): Bus
  close(): Promise<void>
}

/** The verifier on one kind of parts. */
export function firmwareVerifierSuite(name: string, open: () => Promise<Stand>): void {
  describe(name, async () => {
    const images = await openDirectoryImageStore(await mkdtemp(join(tmpdir(), 'sluice-verifier-')))
    const trusted: DataOf<typeof artifactTrusted>[] = []
    const rejected: DataOf<typeof artifactRejected>[] = []
    const revoked: DataOf<typeof artifactRevoked>[] = []
    let hub: Stand
    let verifier: FirmwareVerifier

    beforeAll(async () => {
      hub = await open()
      const resolver = hub.as('artifact-resolver')
      await resolver.consume(artifactTrusted, async (batch) => void trusted.push(...batch.map((event) => event.data)))
      await resolver.consume(artifactRejected, async (batch) => void rejected.push(...batch.map((event) => event.data)))
      await resolver.consume(artifactRevoked, async (batch) => void revoked.push(...batch.map((event) => event.data)))
      const parts = { sql: hub.sql, bus: hub.as('firmware-verifier'), images, clock: systemClock, ids, log }
      verifier = createFirmwareVerifier(parts, {
        requiredKeys: 1,
        secondPerson: false,
        releaseRequiredKeys: 1,
        deadlineMs: 10_000,
      })
      await verifier.start()
    })
    afterAll(async () => {
      await verifier.stop()
      await hub.close()
    })

    const operator = () => hub.as('operator-api')
    async function addedKey(ouis: string[] = []) {
      const pair = generateKeyPairSync('ed25519')
      const input = { name: 'vendor', publicKeyPem: pemOf(pair.publicKey), ouis, actor: 'operator:eve' }
      const reply = await operator().request(trustKeyAdd, input)
      if (!reply.ok) throw new Error(reply.error.detail)
      const signature = (bytes: Uint8Array) => ({
        algorithm: 'ed25519' as const,
        value: sign(null, bytes, pair.privateKey).toString('base64'),
      })
      return { ...reply.data, signature }
    }
    async function register(bytes: Uint8Array, rest: Partial<Registered>, id = ids.event()) {
      const artifactId = rest.artifactId ?? ids.artifact()
      await images.quarantine(
        artifactId,
        (async function* () {
          yield bytes
        })(),
        { maxBytes: 1e6 },
      )
      const data: Registered = {
        artifactId,
        size: bytes.length,
        sha256: sha256Of(bytes),
        declaredSize: null,
        declaredSha256: null,
        format: 'raw',
        fits: FITS,
        signatures: [],
        actor: 'operator:eve',
        ...rest,
      }
      await hub.as('artifact-resolver').publish(artifactRegistered, [{ id, key: artifactId, data }])
      return artifactId
    }
    async function verdictOn(artifactId: string) {
      const find = () => [...trusted, ...rejected].find((judged) => judged.artifactId === artifactId)
      await waitUntil(() => find() !== undefined, { describe: () => 'no verdict' })
      return find()!.verdict
    }
    const codes = async (artifactId: string) => (await verdictOn(artifactId)).reasons.map((reason) => reason.code)

    it('trusts an image signed by a key of the store, and says what it looked at', async () => {
      const key = await addedKey()
      const verdict = await verdictOn(
        await register(IMAGE, { signatures: [key.signature(IMAGE)], declaredSize: IMAGE.length }),
      )
      expect(verdict).toMatchObject({ trusted: true, reasons: [] })
      expect(verdict.checks.map((check) => [check.check, check.passed])).toEqual([
        ['size', true],
        ['sha256', true],
        ['model', true],
        ['signature', true],
      ])
      expect(verdict.checks.at(-1)!.keyId).toBe(key.keyId)
    })

    it('rejects with every reason: wrong digest, wrong size and a signature over other bytes', async () => {
      const key = await addedKey()
      const artifactId = await register(IMAGE, {
        declaredSize: 1,
        declaredSha256: '0'.repeat(64),
        signatures: [key.signature(Buffer.from('other bytes'))],
      })
      expect(await codes(artifactId)).toEqual(['size_mismatch', 'digest_mismatch', 'signature_invalid', 'too_few_keys'])
    })

    it('rejects an image without a signature, one by an unknown key, one of another vendor, and one cut short', async () => {
      const stranger = generateKeyPairSync('ed25519')
      const foreign = await addedKey(['FFFFFF'])
      const key = await addedKey()
      const unknown = {
        algorithm: 'ed25519' as const,
        value: sign(null, IMAGE, stranger.privateKey).toString('base64'),
      }
      expect(await codes(await register(IMAGE, {}))).toEqual(['unsigned'])
      expect(await codes(await register(IMAGE, { signatures: [unknown] }))).toEqual([
        'signature_invalid',
        'too_few_keys',
      ])
      expect(await codes(await register(IMAGE, { signatures: [foreign.signature(IMAGE)] }))).toEqual([
        'key_out_of_scope',
        'too_few_keys',
      ])
      expect(await codes(await register(IMAGE.subarray(1), { signatures: [key.signature(IMAGE)] }))).toContain(
        'signature_invalid',
      )
    })

    it('rejects what is not in quarantine any more, and what changed there since it was registered', async () => {
      const key = await addedKey()
      const gone = ids.artifact()
      const data = { artifactId: gone, size: 1, sha256: '0'.repeat(64), declaredSize: null, declaredSha256: null }
      const rest = { format: 'raw' as const, fits: FITS, signatures: [key.signature(IMAGE)], actor: 'operator:eve' }
      await hub
        .as('artifact-resolver')
        .publish(artifactRegistered, [{ id: ids.event(), key: gone, data: { ...data, ...rest } }])
      expect(await codes(gone)).toEqual(['content_missing'])
      const swapped = await register(IMAGE, { sha256: '0'.repeat(64), signatures: [key.signature(IMAGE)] })
      expect(await codes(swapped)).toEqual(['digest_mismatch'])
    })

    it('judges a message once, however often it comes', async () => {
      const key = await addedKey()
      const artifactId = await register(IMAGE, { signatures: [key.signature(IMAGE)] })
      await verdictOn(artifactId)
      const journal = createJournal('verifier')
      const rows = async () =>
        (await journal.read(hub.sql, { limit: 1_000 })).filter(
          ({ data }) => (data as { artifactId?: string }).artifactId === artifactId,
        )
      const [came] = (await rows()).filter(({ direction }) => direction === 'in')
      // As the bus would after a crash between our commit and our acknowledgement.
      const { size, sha256 } = { size: IMAGE.length, sha256: sha256Of(IMAGE) }
      const declared = { declaredSize: null, declaredSha256: null, format: 'raw' as const, fits: FITS }
      const data = { artifactId, size, sha256, ...declared, signatures: [key.signature(IMAGE)], actor: 'operator:eve' }
      const event = { id: came!.id!, name: 'artifact.registered', source: 'artifact-resolver', time: 0, data }
      const relay = { start: () => undefined, wake: () => undefined, stop: async () => undefined }
      const settings = { requiredKeys: 1, secondPerson: false, releaseRequiredKeys: 1, deadlineMs: 10_000 }
      const parts = { sql: hub.sql, bus: operator(), images, clock: systemClock, ids, log, journal, relay, settings }
      await judgeRegistered([event], { ...parts, observability: createObservability() })
      expect((await rows()).map(({ direction }) => direction)).toEqual(['in', 'out'])
      expect(trusted.filter((judged) => judged.artifactId === artifactId)).toHaveLength(1)
    })

    it('withdraws with a key what only that key vouched for, and nothing else', async () => {
      const [one, two] = [await addedKey(), await addedKey()]
      const leaning = await register(IMAGE, { signatures: [one.signature(IMAGE)] })
      const standing = await register(IMAGE, { signatures: [one.signature(IMAGE), two.signature(IMAGE)] })
      await Promise.all([verdictOn(leaning), verdictOn(standing)])
      const input: InputOf<typeof trustKeyRevoke> = { keyId: one.keyId, reason: 'laptop lost', actor: 'operator:eve' }
      const reply = await operator().request(trustKeyRevoke, input)
      expect(reply).toMatchObject({ ok: true, data: { revokedBy: 'operator:eve', revokedReason: 'laptop lost' } })
      await waitUntil(() => revoked.some((event) => event.artifactId === leaning))
      expect(revoked.find((event) => event.artifactId === leaning)).toMatchObject({ actor: 'operator:eve' })
      expect(revoked.map((event) => event.artifactId)).not.toContain(standing)

      expect(await codes(await register(IMAGE, { signatures: [one.signature(IMAGE)] }))).toEqual([
        'key_revoked',
        'too_few_keys',
      ])
      await operator().request(trustKeyRevoke, { keyId: two.keyId, reason: 'also lost', actor: 'operator:eve' })
      await waitUntil(() => revoked.some((event) => event.artifactId === standing))
      const again = await operator().request(trustKeyRevoke, { ...input, actor: 'operator:bob' })
      expect(again).toMatchObject({ ok: true, data: { revokedBy: 'operator:eve' } })
      expect(revoked.filter((event) => event.artifactId === leaning)).toHaveLength(1)
    })

    it('keeps keys: the same again is no change, a revoked one never comes back, an unusable one never enters', async () => {
      const key = await addedKey(['00D09E'])
      const again = { name: 'vendor', publicKeyPem: key.publicKeyPem, ouis: ['00D09E'], actor: 'operator:bob' }
      expect(await operator().request(trustKeyAdd, again)).toMatchObject({
        ok: true,
        data: { addedBy: 'operator:eve' },
      })
      expect(await operator().request(trustKeyAdd, { ...again, ouis: [] })).toMatchObject({
        error: { code: 'conflict' },
      })
      await operator().request(trustKeyRevoke, { keyId: key.keyId, reason: 'x', actor: 'operator:eve' })
      expect(await operator().request(trustKeyAdd, again)).toMatchObject({ error: { code: 'conflict' } })
      const weak = pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)
      expect(await operator().request(trustKeyAdd, { ...again, publicKeyPem: weak })).toMatchObject({
        error: { code: 'invalid_request', detail: expect.stringMatching(/^key_too_weak/) as string },
      })
      const unknown = { keyId: '0'.repeat(16), reason: 'x', actor: 'operator:eve' }
      expect(await operator().request(trustKeyRevoke, unknown)).toMatchObject({ error: { code: 'not_found' } })
      const list = await operator().request(trustKeyList, {})
      expect(list.ok && list.data.items.find((item) => item.keyId === key.keyId)).toMatchObject({
        revokedReason: 'x',
        algorithms: ['ed25519'],
      })
    })
  })
}
