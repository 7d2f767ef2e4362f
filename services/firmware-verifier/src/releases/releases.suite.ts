import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type DataOf,
  type ReleaseEnvelope,
  releaseAdd,
  releaseAdded,
  releaseGet,
  releaseList,
  releaseRevoke,
  releaseRevoked,
  trustKeyAdd,
  trustKeyRevoke,
} from '@sluice/contracts'
import {
  type PublicKey,
  readPublicKey,
  readRelease,
  type ReleaseEnvelope as SignedEnvelope,
  type ReleaseStatement,
  sealRelease,
  signRelease,
} from '@sluice/firmware'
import { openDirectoryImageStore } from '@sluice/image-store'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { createJournal } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFirmwareVerifier, type FirmwareVerifier } from '../firmware-verifier.ts'
import { keysTold, SETTINGS, type Stand } from '../testing/world.ts'

const ids = createIds()
const log = createLog({ service: 'test', level: 'silent' })
const ACTOR = 'operator:eve'

interface Signer {
  readonly keyId: string
  readonly publicKey: PublicKey
  readonly privateKey: KeyObject
}

function aPair(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const read = readPublicKey(publicKey.export({ format: 'pem', type: 'spki' }).toString())
  if (read.kind === 'refused') throw new Error(read.detail)
  return { keyId: read.publicKey.keyId, publicKey: read.publicKey, privateKey }
}

/** Releases in the verifier, on one kind of parts. */
export function releasesSuite(name: string, open: () => Promise<Stand>): void {
  describe(name, () => {
    const added: DataOf<typeof releaseAdded>[] = []
    const revoked: DataOf<typeof releaseRevoked>[] = []
    let hub: Stand
    let verifier: FirmwareVerifier
    let shift = 0
    let count = 0

    beforeAll(async () => {
      hub = await open()
      await hub.as('campaign-scheduler').consume(releaseAdded, async (batch) => {
        added.push(...batch.map(({ data }) => data))
      })
      await hub.as('campaign-scheduler').consume(releaseRevoked, async (batch) => {
        revoked.push(...batch.map(({ data }) => data))
      })
      const images = await openDirectoryImageStore(await mkdtemp(join(tmpdir(), 'sluice-releases-')))
      const clock = { ...systemClock, now: () => systemClock.now() + shift }
      verifier = createFirmwareVerifier(
        { sql: hub.sql, bus: hub.as('firmware-verifier'), images, clock, ids, log },
        SETTINGS,
      )
      await verifier.start()
    })
    afterAll(async () => {
      await verifier.stop()
      await hub.close()
    })

    const operator = () => hub.as('operator-api')
    async function aSigner(purposes: ('image' | 'release')[] = ['release'], ouis: string[] = []): Promise<Signer> {
      const pair = aPair()
      const input = { name: 'vendor', publicKeyPem: pair.publicKey.pem, ouis, purposes, actor: ACTOR }
      const key = await operator().request(trustKeyAdd, input)
      if (!key.ok) throw new Error(key.error.detail)
      return pair
    }
    const aStatement = (more: Partial<ReleaseStatement> = {}): ReleaseStatement => ({
      schemaVersion: 1,
      vendor: 'Acme',
      product: 'acme/rg',
      version: '2.0.0',
      softwareVersions: ['2.0.0'],
      counter: (count += 1),
      models: [{ oui: '00D09E', productClass: 'IGD' }],
      image: { size: 1_000, sha256: 'a'.repeat(64) },
      expires: new Date(systemClock.now() + 86_400_000).toISOString(),
      allowDowngrade: false,
      ...more,
    })
    function signed(statement: ReleaseStatement, ...signers: Signer[]): ReleaseEnvelope {
      const { envelope } = signers.reduce<SignedEnvelope>(signRelease, sealRelease(statement))
      return { ...envelope, signatures: [...envelope.signatures] }
    }
    const add = (envelope: ReleaseEnvelope, actor = ACTOR) => operator().request(releaseAdd, { envelope, actor })
    const told = async (releaseId: string, times = 1) =>
      waitUntil(() => added.filter((event) => event.releaseId === releaseId).length >= times)
    async function kept(envelope: ReleaseEnvelope) {
      const reply = await add(envelope)
      if (!reply.ok) throw new Error(reply.error.detail)
      return reply.data
    }

    it('keeps a release that a key for releases signed, with its envelope, and tells of it', async () => {
      const signer = await aSigner()
      const statement = aStatement({ minimumVersion: '1.0', notesUrl: 'https://acme.example/' })
      const envelope = signed(statement, signer)
      const release = await kept(envelope)
      expect(release).toMatchObject({ statement, envelope, keyIds: [signer.keyId], status: 'in_force', addedBy: ACTOR })
      const read = readRelease(JSON.stringify(release.envelope))
      expect(read).toMatchObject({ kind: 'read', releaseId: release.releaseId })
      await told(release.releaseId)
      expect(added.find(({ releaseId }) => releaseId === release.releaseId)).toMatchObject({ statement, actor: ACTOR })
      const got = await operator().request(releaseGet, { releaseId: release.releaseId })
      expect(got).toEqual({ ok: true, data: release })
    })

    it.each<[why: string, code: string, make: () => Promise<ReleaseEnvelope>]>([
      ['nobody signed', 'unsigned', async () => signed(aStatement())],
      ['a key for images alone signed', 'too_few_keys', async () => signed(aStatement(), await aSigner(['image']))],
      [
        'a key for another vendor signed',
        'too_few_keys',
        async () => signed(aStatement(), await aSigner(['release'], ['FFFFFF'])),
      ],
      ['a stranger signed', 'key_unknown', async () => signed(aStatement(), aPair())],
      [
        'says something else than was signed',
        'signature_invalid',
        async () => {
          const signer = await aSigner()
          const statement = aStatement()
          const { signatures } = signed(statement, signer)
          return { ...signed({ ...statement, allowDowngrade: true }), signatures }
        },
      ],
      [
        'has a field that is not known',
        'statement_malformed',
        async () => signed({ ...aStatement(), urgent: true } as ReleaseStatement, await aSigner()),
      ],
      [
        'is of another type',
        'envelope_malformed',
        async () => ({ ...signed(aStatement(), await aSigner()), payloadType: 'application/json' }),
      ],
    ])('refuses a release that %s', async (_, code, make) => {
      const envelope = await make()
      const reply = await add(envelope)
      expect(reply).toMatchObject({
        error: { code: 'release_refused', detail: expect.stringContaining(code) as string },
      })
    })

    it('refuses one that has expired, and says later that one has', async () => {
      const signer = await aSigner()
      const over = signed(aStatement({ expires: new Date(systemClock.now() - 1).toISOString() }), signer)
      expect(await add(over)).toMatchObject({ error: { code: 'release_expired' } })
      const { releaseId } = await kept(signed(aStatement(), signer))
      shift += 2 * 86_400_000
      try {
        expect(await operator().request(releaseGet, { releaseId })).toMatchObject({ data: { status: 'expired' } })
      } finally {
        shift = 0
      }
    })

    it('answers the same again for the same statement, and tells it again to who lost it', async () => {
      const signer = await aSigner()
      const envelope = signed(aStatement(), signer)
      const first = await kept(envelope)
      const again = await add(envelope, 'operator:bob')
      expect(again).toEqual({ ok: true, data: first })
      await told(first.releaseId, 2)
    })

    it('takes over a signature that it had not, so that the release outlives the first key', async () => {
      const [one, two] = [await aSigner(), await aSigner()]
      const statement = aStatement()
      const first = await kept(signed(statement, one))
      const both = await kept(signed(statement, two))
      expect(both).toMatchObject({ releaseId: first.releaseId, keyIds: [one.keyId, two.keyId] })
      expect(both.envelope.signatures).toHaveLength(2)
      await operator().request(trustKeyRevoke, { keyId: one.keyId, reason: 'lost', actor: ACTOR })
      const got = await operator().request(releaseGet, { releaseId: first.releaseId })
      expect(got).toMatchObject({ data: { status: 'in_force' } })
    })

    it('keeps a place for later signers, however many signatures it came with', async () => {
      const [one, two, idle] = [await aSigner(), await aSigner(), await aSigner(['image'])]
      const statement = aStatement()
      const filled = signed(statement, one, idle)
      // Each verifies: a key may sign in many ways, and be there for images alone.
      const more = Array.from({ length: 6 }, () => signed(statement, one).signatures[0]!)
      const first = await kept({ ...filled, signatures: [...filled.signatures, ...more] })
      expect(first.envelope.signatures.map(({ keyid }) => keyid)).toEqual([one.keyId])
      const both = await kept(signed(statement, two))
      expect(both.envelope.signatures.map(({ keyid }) => keyid)).toEqual([one.keyId, two.keyId])
    })

    it('says so where there is no place left for another signature', async () => {
      const signers = await Promise.all(Array.from({ length: 9 }, () => aSigner()))
      const statement = aStatement()
      await kept(signed(statement, ...signers.slice(0, 8)))
      expect(await add(signed(statement, signers[8]!))).toMatchObject({ error: { code: 'conflict' } })
    })

    it('never lets a counter stand for other bytes of the product line, not even a revoked one', async () => {
      const signer = await aSigner()
      const statement = aStatement()
      const { releaseId } = await kept(signed(statement, signer))
      const other = { ...statement, image: { size: 1_000, sha256: 'b'.repeat(64) } }
      const refusal = { error: { code: 'conflict', detail: expect.stringContaining('a'.repeat(64)) as string } }
      expect(await add(signed(other, signer))).toMatchObject(refusal)
      await operator().request(releaseRevoke, { releaseId, reason: 'bad', actor: ACTOR })
      expect(await add(signed(other, signer))).toMatchObject(refusal)
      expect(await add(signed({ ...other, product: 'acme/other' }, signer))).toMatchObject({ ok: true })
      expect(await add(signed({ ...other, counter: aStatement().counter }, signer))).toMatchObject({ ok: true })
      // The same bytes, said anew: for further models, or for longer.
      expect(await add(signed({ ...statement, minimumVersion: '1.0' }, signer))).toMatchObject({ ok: true })
    })

    it('lets a key say nothing of counters on models that it may not sign for, though it names their product line', async () => {
      const [acme, stranger] = [await aSigner(['release'], ['00D09E']), await aSigner(['release'], ['FFFFFF'])]
      const ours = { oui: '00D09E', productClass: 'IGD' }
      const theirs = { oui: 'FFFFFF', productClass: 'IGD' }
      const statement = aStatement({ models: [theirs], image: { size: 1_000, sha256: 'b'.repeat(64) } })
      await kept(signed(statement, stranger))
      const image = { size: 1_000, sha256: 'a'.repeat(64) }
      expect(await add(signed({ ...statement, models: [ours], image }, acme))).toMatchObject({ ok: true })
      const both = { ...statement, models: [{ ...ours, productClass: 'Bridge' }, theirs], image }
      expect(await add(signed(both, await aSigner()))).toMatchObject({ error: { code: 'conflict' } })
    })

    it('gives a counter to one of two who ask at once', async () => {
      const signer = await aSigner()
      const statement = aStatement()
      const rivals = Array.from({ length: 6 }, (_, at) => ({
        ...statement,
        image: { size: 1, sha256: String(at).repeat(64) },
      }))
      const replies = await Promise.all(rivals.map((one) => add(signed(one, signer))))
      expect(replies.filter(({ ok }) => ok)).toHaveLength(1)
    })

    it('revokes a release for good, and tells of it each time it is asked to', async () => {
      const signer = await aSigner()
      const envelope = signed(aStatement(), signer)
      const { releaseId } = await kept(envelope)
      const input = { releaseId, reason: 'bricks A1', actor: ACTOR }
      const reply = await operator().request(releaseRevoke, input)
      expect(reply).toMatchObject({ data: { status: 'revoked', revokedBy: ACTOR, revokedReason: 'bricks A1' } })
      await operator().request(releaseRevoke, { ...input, actor: 'operator:bob', reason: 'again' })
      await waitUntil(() => revoked.filter((event) => event.releaseId === releaseId).length === 2)
      expect(revoked.filter((event) => event.releaseId === releaseId)).toEqual([input, input])
      expect(await add(envelope)).toMatchObject({ error: { code: 'release_revoked' } })
      const unknown = { ...input, releaseId: `rel_${'0'.repeat(32)}` }
      expect(await operator().request(releaseRevoke, unknown)).toMatchObject({ error: { code: 'not_found' } })
    })

    it('lets releases fall with the key they lean on, and no others', async () => {
      const [one, two] = [await aSigner(), await aSigner()]
      const leaning = await kept(signed(aStatement(), one))
      const standing = await kept(signed(aStatement(), one, two))
      const other = await kept(signed(aStatement(), two))
      await operator().request(trustKeyRevoke, { keyId: one.keyId, reason: 'stolen', actor: ACTOR })
      await waitUntil(() => revoked.some((event) => event.releaseId === leaning.releaseId))
      expect(revoked.find((event) => event.releaseId === leaning.releaseId)).toMatchObject({
        reason: `key ${one.keyId} was revoked: stolen`,
        actor: ACTOR,
      })
      const told = await keysTold(hub.sql, releaseRevoked.name)
      expect([standing, other].filter(({ releaseId }) => told.includes(releaseId))).toEqual([])
      expect(await add(signed(aStatement(), one))).toMatchObject({ error: { code: 'release_refused' } })
      await operator().request(trustKeyRevoke, { keyId: one.keyId, reason: 'again', actor: ACTOR })
      await waitUntil(() => revoked.filter((event) => event.releaseId === leaning.releaseId).length === 2)
    })

    it('lists releases newest first, page by page, of a product line or an image', async () => {
      const signer = await aSigner()
      const product = 'acme/listed'
      const made: string[] = []
      for (let at = 0; at < 5; at += 1) {
        const sha256 = String(at % 2).repeat(64)
        const statement = aStatement({ product, image: { size: 1, sha256 } })
        made.unshift((await kept(signed(statement, signer))).releaseId)
      }
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await operator().request(releaseList, { product, limit: 2, ...(cursor && { cursor }) })
        if (!page.ok) throw new Error(page.error.detail)
        seen.push(...page.data.items.map(({ releaseId }) => releaseId))
        cursor = page.data.next ?? undefined
      } while (cursor !== undefined)
      expect(seen).toEqual(made)
      const ofImage = await operator().request(releaseList, { product, sha256: '1'.repeat(64), limit: 10 })
      expect(ofImage.ok && ofImage.data.items).toHaveLength(2)
      const strange = await operator().request(releaseList, { cursor: 'x', limit: 2 })
      expect(strange).toMatchObject({ error: { code: 'invalid_request' } })
    })

    it('writes into its journal who added, signed and revoked what', async () => {
      const [one, two] = [await aSigner(), await aSigner()]
      const statement = aStatement()
      const { releaseId } = await kept(signed(statement, one))
      await kept(signed(statement, two))
      await operator().request(releaseRevoke, { releaseId, reason: 'bad', actor: ACTOR })
      const rows = await createJournal('verifier').read(hub.sql, { limit: 10_000 })
      const ours = rows.filter(({ data }) => (data as { releaseId?: string }).releaseId === releaseId)
      expect(ours.map(({ kind, actor }) => [kind, actor])).toEqual([
        ['release.added', ACTOR],
        ['release.signed', ACTOR],
        ['release.added', ACTOR],
        ['release.revoked', ACTOR],
      ])
    })
  })
}
