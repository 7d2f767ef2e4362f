import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { Bus } from '@sluice/bus'
import {
  artifactCreate,
  artifactGet,
  artifactList,
  artifactRegistered,
  artifactRejected,
  artifactResolve,
  artifactRevoke,
  artifactRevoked,
  artifactTrusted,
  releaseRevoked,
  type ArtifactDraft,
  type DataOf,
  type InputOf,
  VERDICT_TYPE,
  uploadGrant,
} from '@sluice/contracts'
import { campaignMarkOf, readGrant, readUpload, signedBytesOf } from '@sluice/firmware'
import { openDirectoryImageStore, openDirectoryUploadStore } from '@sluice/image-store'
import { createIds, createLog, parseNetworks, systemClock } from '@sluice/runtime'
import type { Sql } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createArtifactResolver, type ArtifactResolver } from './artifact-resolver.ts'
import { readVerdictKeys } from './read-verdict-keys.ts'

const ids = createIds()
const log = createLog({ service: 'test', level: 'silent' })
const IMAGE = Buffer.from('firmware 2.0, as bytes go')
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const KEY = Buffer.alloc(32, 7)
const TOKEN = 'internal-token-of-at-least-32-characters'
const DRAFT: ArtifactDraft = {
  name: 'router 2.0 (final).bin',
  fits: [{ oui: '00D09E', productClass: 'IGD' }],
  version: '2.0',
  signatures: [],
}
const VERIFIER = generateKeyPairSync('ed25519')
const VERDICT_KEYS = readVerdictKeys(VERIFIER.publicKey.export({ format: 'pem', type: 'spki' }).toString())
const FILES = 'http://files.example.net:7549'
const ACTOR = 'operator:eve'

const NOW = new Date().toISOString()

/** What the verifier says, or somebody who is not. */
function signed(statement: unknown, key = VERIFIER.privateKey, type: string = VERDICT_TYPE) {
  const payload = Buffer.from(JSON.stringify(statement))
  const sig = sign(null, signedBytesOf(type, payload), key).toString('base64')
  return { payloadType: type, payload: payload.toString('base64'), signatures: [{ keyid: 'x', sig }] }
}

/** What the suite runs on. */
export interface Stand {
  readonly sql: Sql
  /** The bus of a service. */
  as(service: string): Bus
  close(): Promise<void>
}

/** The resolver on one kind of parts, with a verifier that says what the test says. */
export function artifactResolverSuite(name: string, open: () => Promise<Stand>): void {
  describe(name, async () => {
    const imagesAt = await mkdtemp(join(tmpdir(), 'sluice-resolver-'))
    const images = await openDirectoryImageStore(imagesAt)
    const uploads = await openDirectoryUploadStore(await mkdtemp(join(tmpdir(), 'sluice-uploads-')))
    const registered: DataOf<typeof artifactRegistered>[] = []
    const revoked: string[] = []
    let hub: Stand
    let resolver: ArtifactResolver
    let intake: string

    beforeAll(async () => {
      hub = await open()
      await hub
        .as('firmware-verifier')
        .consume(artifactRegistered, async (batch) => void registered.push(...batch.map((event) => event.data)))
      await hub
        .as('campaign-scheduler')
        .consume(artifactRevoked, async (batch) => void revoked.push(...batch.map((event) => event.data.artifactId)))
      await startResolver()
    })
    afterAll(async () => {
      await resolver.stop()
      await hub.close()
    })

    async function startResolver(): Promise<void> {
      resolver = createArtifactResolver(
        { sql: hub.sql, bus: hub.as('artifact-resolver'), images, uploads, clock: systemClock, ids, log },
        {
          filesBaseUrl: FILES,
          downloadKey: KEY,
          verdictKeys: VERDICT_KEYS,
          maxImageBytes: 10_000,
          keepUploadsMs: 60_000,
          keepRejectedMs: 60_000,
          intake: { host: '127.0.0.1', port: 0, token: TOKEN, deadlineMs: 10_000 },
          imports: { deadlineMs: 5_000, idleMs: 5_000, labNetworks: parseNetworks('127.0.0.1'), retryMs: 50, s3: null },
          origin: { recheckMs: 60_000, bytesPerSecond: 1_000_000 },
        },
      )
      intake = `http://127.0.0.1:${(await resolver.start()).intakePort}/intake`
    }
    async function quarantined(artifactId: string): Promise<Buffer | 'absent'> {
      const image = await images.openQuarantined(artifactId)
      if (image.kind === 'absent') return 'absent'
      try {
        return await buffer(image.stream())
      } finally {
        await image.close()
      }
    }
    const operator = () => hub.as('operator-api')
    async function create(draft: Partial<ArtifactDraft> = {}): Promise<string> {
      const reply = await operator().request(artifactCreate, { draft: { ...DRAFT, ...draft }, actor: ACTOR })
      if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.detail}`)
      return reply.data.artifactId
    }
    const upload = (artifactId: string, body: Uint8Array | ReadableStream = IMAGE, token = TOKEN) =>
      fetch(`${intake}/${artifactId}`, {
        method: 'PUT',
        body,
        headers: { authorization: `Bearer ${token}` },
        duplex: 'half',
      } as RequestInit)
    async function judge(artifactId: string, trusted: boolean, sha256 = sha256Of(IMAGE)) {
      const reasons = trusted ? [] : [{ code: 'unsigned', detail: 'no signature' }]
      const verdict = { trusted, reasons, checks: [], at: new Date().toISOString() }
      const data = { artifactId, statement: signed({ artifactId, sha256, verdict }) }
      const event = { id: ids.event(), key: artifactId, data }
      await hub.as('firmware-verifier').publish(trusted ? artifactTrusted : artifactRejected, [event])
    }
    async function get(artifactId: string) {
      const reply = await operator().request(artifactGet, { artifactId })
      if (!reply.ok) throw new Error(reply.error.code)
      return reply.data
    }
    const becomes = (artifactId: string, status: string) =>
      waitUntil(async () => (await get(artifactId)).status === status, {
        describe: () => `${artifactId} is not ${status}`,
      })
    async function trustedArtifact(draft: Partial<ArtifactDraft> = {}) {
      const artifactId = await create(draft)
      await upload(artifactId)
      await judge(artifactId, true)
      await becomes(artifactId, 'trusted')
      return artifactId
    }
    async function resolve(artifactId: string, rest: Partial<InputOf<typeof artifactResolve>['items'][number]> = {}) {
      const item = {
        attemptId: ids.attempt(),
        upgradeId: ids.upgrade(),
        campaignId: ids.campaign(),
        artifactId,
        deviceKey: 'dev_' + 'a'.repeat(26),
        oui: '00D09E',
        productClass: 'IGD',
        hardwareVersion: null,
        expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        ...rest,
      }
      const reply = await hub.as('campaign-scheduler').request(artifactResolve, { items: [item] })
      if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.detail}`)
      return reply.data.items[0]!
    }
    const reasonFor = async (...asked: Parameters<typeof resolve>) => {
      const answer = await resolve(...asked)
      return answer.kind === 'unresolved' ? answer.reason : 'resolved'
    }

    it('takes an image from its description to a download, and only by way of the verifier', async () => {
      const artifactId = await create({ size: IMAGE.length })
      expect(await get(artifactId)).toMatchObject({
        status: 'awaiting_content',
        softwareVersions: ['2.0'],
        createdBy: ACTOR,
      })
      const response = await upload(artifactId)
      expect([response.status, await response.json()]).toMatchObject([
        201,
        { status: 'quarantined', size: IMAGE.length, sha256: sha256Of(IMAGE) },
      ])
      await waitUntil(() => registered.some((event) => event.artifactId === artifactId))
      expect(registered.at(-1)).toMatchObject({
        size: IMAGE.length,
        sha256: sha256Of(IMAGE),
        declaredSize: IMAGE.length,
        declaredSha256: null,
      })
      expect(await reasonFor(artifactId)).toBe('not_trusted')
      expect(await images.size(sha256Of(IMAGE))).toBeNull()

      await judge(artifactId, true)
      await becomes(artifactId, 'trusted')
      expect(await images.size(sha256Of(IMAGE))).toBe(IMAGE.length)
      const attemptId = ids.attempt()
      const campaignId = ids.campaign()
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
      const answer = await resolve(artifactId, { attemptId, campaignId, expiresAt })
      if (answer.kind !== 'resolved') throw new Error(answer.reason)
      const { url, username, password, fileSize, targetFileName } = answer.download
      expect([username, fileSize, targetFileName]).toEqual([attemptId, IMAGE.length, 'router-2.0-final-.bin'])
      const [, path, token, fileName] = new URL(url).pathname.split('/')
      const read = readGrant(token!, [KEY], Math.floor(Date.now() / 1_000))
      expect([path, fileName]).toEqual(['f', targetFileName])
      expect(read).toMatchObject({
        kind: 'granted',
        password,
        grant: {
          artifactId,
          attemptId,
          campaignMark: campaignMarkOf(campaignId),
          expiresAt: Math.floor(Date.parse(expiresAt) / 1_000),
        },
      })
      expect(await images.digestOf(artifactId)).toBe(sha256Of(IMAGE))
      await waitUntil(async () => (await quarantined(artifactId)) === 'absent')
      expect(url.length).toBeLessThanOrEqual(200)
    })

    it('gives a URL no longer than the model takes: with a shorter name, with none, or not at all', async () => {
      const artifactId = await trustedArtifact()
      const nameFor = async (urlMaxLength: number) => {
        const answer = await resolve(artifactId, { urlMaxLength })
        if (answer.kind === 'unresolved') return answer.reason
        expect(answer.download.url.length).toBeLessThanOrEqual(urlMaxLength)
        expect(answer.download.targetFileName).toBe('router-2.0-final-.bin')
        return new URL(answer.download.url).pathname.split('/').slice(3)
      }
      const nameless = `${FILES}/f/`.length + 98
      const longest = nameless + '/router-2.0-final-.bin'.length
      expect(await nameFor(longest)).toEqual(['router-2.0-final-.bin'])
      expect(await nameFor(longest - 1)).toEqual(['f.bin'])
      // The shortest buffer we know of, and the longest base URL that leaves it a name.
      expect(await nameFor(150 - 43 + FILES.length)).toEqual(['f.bin'])
      expect(await nameFor(150 - 44 + FILES.length)).toEqual([])
      expect(await nameFor(nameless)).toEqual([])
      expect(await nameFor(nameless - 1)).toBe('url_too_long')
    })

    it('has the file servers know at its start what was trusted before they had to', async () => {
      const artifactId = await trustedArtifact()
      const revokedId = await trustedArtifact()
      await operator().request(artifactRevoke, { artifactId: revokedId, reason: 'bricks', actor: ACTOR })
      await resolver.stop()
      for (const id of [artifactId, revokedId]) await rm(join(imagesAt, 'artifact', id))
      await startResolver()
      expect(await images.digestOf(artifactId)).toBe(sha256Of(IMAGE))
      expect(await images.digestOf(revokedId)).toBeNull()
    })

    it('keeps a rejected image in quarantine and gives it to nobody', async () => {
      const artifactId = await create()
      const body = Buffer.from('rejected bytes')
      await upload(artifactId, body)
      await judge(artifactId, false, sha256Of(body))
      await becomes(artifactId, 'rejected')
      expect((await get(artifactId)).verdict?.reasons).toEqual([{ code: 'unsigned', detail: 'no signature' }])
      expect(await reasonFor(artifactId)).toBe('not_trusted')
      expect(await quarantined(artifactId)).toEqual(body)
      expect(await images.size(sha256Of(body))).toBeNull()
    })

    it('promotes nothing that the verifier did not sign, for this artifact, as it stands there', async () => {
      const artifactId = await create()
      const sibling = await create()
      const body = Buffer.from('bytes that nobody looked at')
      for (const id of [artifactId, sibling]) await upload(id, body)
      const says = { artifactId, sha256: sha256Of(body), verdict: { trusted: true, reasons: [], checks: [], at: NOW } }
      const stranger = generateKeyPairSync('ed25519').privateKey
      const good = signed(says)
      const forgeries = [
        signed(says, stranger),
        { ...good, signatures: [] },
        { ...good, payload: Buffer.from(JSON.stringify({ ...says, version: 2 })).toString('base64') },
        { ...good, payloadType: 'application/json' },
        signed(says, VERIFIER.privateKey, 'application/vnd.sluice.release+json'),
        signed({ ...says, artifactId: sibling }),
        signed({ artifactId, sha256: says.sha256 }),
        signed({ ...says, verdict: { ...says.verdict, trusted: 'perhaps' } }),
      ]
      const events = forgeries.map((statement) => ({
        id: ids.event(),
        key: artifactId,
        data: { artifactId, statement },
      }))
      await hub.as('firmware-verifier').publish(artifactTrusted, events)
      // Verdicts of one kind are taken over in order: once the next one stands, these were looked at.
      await trustedArtifact()
      for (const id of [artifactId, sibling]) expect((await get(id)).status).toBe('quarantined')
      expect(await images.size(sha256Of(body))).toBeNull()
      expect(await images.digestOf(artifactId)).toBeNull()
    })

    it('shows an artifact with the statement that was signed, and lists it without', async () => {
      const artifactId = await trustedArtifact()
      expect((await get(artifactId)).statement).toMatchObject({ payloadType: VERDICT_TYPE })
      const list = await operator().request(artifactList, { limit: 100 })
      const listed = list.ok ? list.data.items.find((item) => item.artifactId === artifactId) : undefined
      expect(listed).toMatchObject({ status: 'trusted', verdict: { trusted: true } })
      expect(listed).not.toHaveProperty('statement')
    })

    it('takes no verdict on other bytes, and trusts nothing whose bytes changed after the verdict', async () => {
      const artifactId = await create()
      const body = Buffer.from('bytes of one')
      await upload(artifactId, body)
      // Others that are trusted, of another artifact: they lie in the store, for this one as well to be given.
      await trustedArtifact()
      await judge(artifactId, true, sha256Of(IMAGE))
      await images.quarantine(
        artifactId,
        (async function* () {
          yield Buffer.from('swapped')
        })(),
        { maxBytes: 100 },
      )
      await judge(artifactId, true, sha256Of(body))
      await becomes(artifactId, 'rejected')
      expect((await get(artifactId)).verdict?.reasons[0]?.code).toBe('digest_mismatch')
      expect(await images.size(sha256Of(body))).toBeNull()
      expect(await images.digestOf(artifactId)).toBeNull()
    })

    it('trusts no other bytes for an artifact that was promoted once', async () => {
      const artifactId = await create()
      const body = Buffer.from('bytes of before')
      await images.quarantine(artifactId, bytesOf(body.toString()), { maxBytes: 100 })
      await images.promote(artifactId, sha256Of(body))
      await upload(artifactId)
      await judge(artifactId, true)
      await becomes(artifactId, 'rejected')
      expect((await get(artifactId)).verdict?.reasons[0]?.detail).toMatch(/promoted before/)
      expect(await images.digestOf(artifactId)).toBe(sha256Of(body))
    })

    it('says why a device gets nothing: unknown, another model, another hardware, revoked', async () => {
      const fits = [{ oui: '00D09E', productClass: 'IGD', hardwareVersions: ['A', 'B'] }]
      const artifactId = await trustedArtifact({ fits })
      expect(await reasonFor(ids.artifact())).toBe('unknown_artifact')
      expect(await reasonFor(artifactId, { hardwareVersion: 'B' })).toBe('resolved')
      expect(await reasonFor(artifactId, { hardwareVersion: 'C' })).toBe('model_does_not_fit')
      expect(await reasonFor(artifactId, { hardwareVersion: null })).toBe('model_does_not_fit')
      expect(await reasonFor(artifactId, { hardwareVersion: 'B', oui: 'FFFFFF' })).toBe('model_does_not_fit')
      expect(await reasonFor(artifactId, { hardwareVersion: 'B', productClass: 'STB' })).toBe('model_does_not_fit')
      const reply = await operator().request(artifactRevoke, { artifactId, reason: 'bricks', actor: ACTOR })
      expect(reply).toMatchObject({ ok: true, data: { status: 'revoked' } })
      expect(await reasonFor(artifactId, { hardwareVersion: 'B' })).toBe('revoked')
    })

    it('revokes for good and tells it each time it is asked to; a late verdict brings nothing back', async () => {
      const artifactId = await create()
      await upload(artifactId)
      const revoke = () => operator().request(artifactRevoke, { artifactId, reason: 'bricks', actor: ACTOR })
      await revoke()
      await revoke()
      await waitUntil(() => revoked.includes(artifactId))
      const heard = `select from resolver.journal where direction = 'in' and kind = 'artifact.revoked' and data->>'artifactId' = $1`
      await waitUntil(async () => (await hub.sql.query(heard, [artifactId])).length === 2)
      await judge(artifactId, true)
      // Verdicts are taken over in order: once the next one stands, this one was looked at.
      await trustedArtifact()
      expect((await get(artifactId)).status).toBe('revoked')
      await waitUntil(() => revoked.filter((id) => id === artifactId).length === 2)
      expect(await images.digestOf(artifactId)).toBeNull()
      const nobody = { artifactId: ids.artifact(), reason: 'x', actor: ACTOR }
      expect(await operator().request(artifactRevoke, nobody)).toMatchObject({ error: { code: 'not_found' } })
    })

    it('follows the verifier when it withdraws trust', async () => {
      const artifactId = await trustedArtifact()
      const data = { artifactId, reason: 'key revoked', actor: ACTOR }
      await hub.as('firmware-verifier').publish(artifactRevoked, [{ id: ids.event(), key: artifactId, data }])
      await becomes(artifactId, 'revoked')
      expect(await reasonFor(artifactId)).toBe('revoked')
    })

    it('gives nothing out on a release that was revoked, and goes on with the same image on another one', async () => {
      const artifactId = await trustedArtifact()
      const [fallen, standing] = ['1', '2'].map((digit) => `rel_${digit.repeat(32)}`)
      const data = { releaseId: fallen!, reason: 'key stolen', actor: ACTOR }
      const event = { id: ids.event(), key: fallen!, data }
      expect(await reasonFor(artifactId, { releaseId: fallen! })).toBe('resolved')
      await hub.as('firmware-verifier').publish(releaseRevoked, [event])
      await hub.as('firmware-verifier').publish(releaseRevoked, [{ ...event, id: ids.event() }])
      await waitUntil(async () => (await reasonFor(artifactId, { releaseId: fallen! })) === 'release_revoked')
      expect(await reasonFor(artifactId, { releaseId: standing! })).toBe('resolved')
      expect(await reasonFor(artifactId)).toBe('resolved')
      await resolver.stop()
      await startResolver()
      expect(await reasonFor(artifactId, { releaseId: fallen! })).toBe('release_revoked')
    })

    describe('the intake', () => {
      it('asks for its token, and knows nothing but artifacts that wait for content', async () => {
        const artifactId = await create()
        expect((await upload(artifactId, IMAGE, 'wrong')).status).toBe(401)
        expect((await upload(ids.artifact())).status).toBe(404)
        for (const bad of ['..', '%2e%2e%2fquarantine', 'art_x', 'a%00b', `${artifactId}/..`])
          expect((await upload(bad)).status).toBe(404)
        expect((await upload(artifactId, Buffer.alloc(0))).status).toBe(400)
        expect((await upload(artifactId)).status).toBe(201)
        expect((await upload(artifactId, Buffer.from('other bytes'))).status).toBe(409)
        expect(await quarantined(artifactId)).toEqual(IMAGE)
      })

      it('stops at the limit, announced or not', async () => {
        const artifactId = await create()
        expect((await upload(artifactId, Buffer.alloc(10_001))).status).toBe(413)
        // Far more than sockets hold: the sender is still told why, instead of only losing its connection.
        expect((await upload(artifactId, Buffer.alloc(30_000_000))).status).toBe(413)
        const unannounced = new ReadableStream({
          start: (controller) => {
            for (let at = 0; at < 3; at++) controller.enqueue(new Uint8Array(4_000))
            controller.close()
          },
        })
        expect((await upload(artifactId, unannounced)).status).toBe(413)
        expect((await get(artifactId)).status).toBe('awaiting_content')
        expect(await quarantined(artifactId)).toBe('absent')
        const tooLarge = { draft: { ...DRAFT, size: 10_001 }, actor: ACTOR }
        expect(await operator().request(artifactCreate, tooLarge)).toMatchObject({ error: { code: 'too_large' } })
      })

      it('takes no content for what was revoked while it came', async () => {
        const artifactId = await create()
        const { readable, writable } = new TransformStream<Uint8Array>()
        const uploading = upload(artifactId, readable)
        const sender = writable.getWriter()
        await sender.write(IMAGE)
        await waitUntil(async () => (await readdir(join(imagesAt, 'incoming'))).length > 0)
        await operator().request(artifactRevoke, { artifactId, reason: 'bricks', actor: ACTOR })
        await sender.close()
        expect((await uploading).status).toBe(409)
        expect((await get(artifactId)).status).toBe('revoked')
      })

      it('registers nothing of an upload that breaks off, and takes it again', async () => {
        const artifactId = await create()
        const socket = connect(Number(new URL(intake).port), '127.0.0.1')
        socket.write(
          `PUT /intake/${artifactId} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 100\r\n\r\nhalf`,
        )
        await new Promise((done) => setTimeout(done, 200))
        socket.destroy()
        await waitUntil(async () => (await upload(artifactId)).status === 201)
        expect((await get(artifactId)).sha256).toBe(sha256Of(IMAGE))
      })
    })

    describe('the import', () => {
      async function serve(answer: RequestListener) {
        const server = createServer(answer).listen(0, '127.0.0.1')
        await once(server, 'listening')
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fw.bin`
        return { url, close: () => server.close().closeAllConnections() }
      }

      it('fetches an image from the operator’s server, and hosts it there where that is wanted', async () => {
        const { url, close } = await serve((_, response) => response.end(IMAGE))
        const artifactId = await create({ sourceUrl: url, hosting: 'origin' })
        await becomes(artifactId, 'quarantined')
        expect(await reasonFor(artifactId)).toBe('not_trusted')
        await judge(artifactId, true)
        await becomes(artifactId, 'trusted')
        expect(await resolve(artifactId)).toMatchObject({
          kind: 'resolved',
          download: { url, username: '', password: '', fileSize: IMAGE.length },
        })
        expect((await upload(artifactId)).status).toBe(409)
        close()
      })

      it('bad input 41: refuses at once what may not be fetched', async () => {
        for (const sourceUrl of [
          'file:///etc/passwd',
          'http://127.0.0.2/',
          'http://169.254.169.254/',
          'http://u:p@vendor.example/',
        ]) {
          const reply = await operator().request(artifactCreate, { draft: { ...DRAFT, sourceUrl }, actor: ACTOR })
          expect(reply).toMatchObject({ error: { code: 'source_refused' } })
        }
        // TR-069 A.3.2.8: no device takes a longer one, so it is said at once and not at each claim.
        const long = (length: number) => 'http://127.0.0.1:1/'.padEnd(length, 'x')
        const atOrigin = (length: number) => ({
          draft: { ...DRAFT, hosting: 'origin' as const, sourceUrl: long(length) },
          actor: ACTOR,
        })
        expect(await operator().request(artifactCreate, atOrigin(256))).toMatchObject({ ok: true })
        expect(await operator().request(artifactCreate, atOrigin(257))).toMatchObject({
          error: { code: 'invalid_request' },
        })
        const homeless = { draft: { ...DRAFT, hosting: 'origin' as const }, actor: ACTOR }
        expect(await operator().request(artifactCreate, homeless)).toMatchObject({ error: { code: 'invalid_request' } })
      })

      it('bad input 41: rejects with the reason what turns out later to lead inside, to be too large, or to be gone', async () => {
        const cases: [RequestListener, string][] = [
          [(_, response) => response.writeHead(302, { location: 'http://127.0.0.2:80/' }).end(), 'source_refused'],
          [(_, response) => response.end(Buffer.alloc(10_001)), 'source_refused'],
          [(_, response) => response.writeHead(404).end(), 'source_refused'],
          [
            (_, response) =>
              void response.writeHead(200, { 'content-length': 100 }).write('half', () => response.destroy()),
            'source_failed',
          ],
        ]
        for (const [answer, code] of cases) {
          const { url, close } = await serve(answer)
          const artifactId = await create({ sourceUrl: url })
          await becomes(artifactId, 'rejected')
          expect((await get(artifactId)).verdict?.reasons[0]?.code).toBe(code)
          expect(await reasonFor(artifactId)).toBe('not_trusted')
          close()
        }
      })

      it('uses up no try of a server by a restart, and goes on at once', async () => {
        let asked = 0
        const { url, close } = await serve((_, response) => {
          response.writeHead(200, { 'content-length': IMAGE.length })
          if (++asked === 1) response.flushHeaders()
          else response.end(IMAGE)
        })
        const artifactId = await create({ sourceUrl: url })
        await waitUntil(() => asked === 1)
        await resolver.stop()
        await startResolver()
        await becomes(artifactId, 'quarantined')
        expect((await get(artifactId)).import).toEqual({ state: 'fetched', attempts: 1 })
        expect(asked).toBe(2)
        close()
      })

      it('takes no upload of what is fetched', async () => {
        const { url, close } = await serve(() => undefined)
        const artifactId = await create({ sourceUrl: url })
        expect((await upload(artifactId)).status).toBe(409)
        expect((await get(artifactId)).status).toBe('awaiting_content')
        close()
      })

      it('asks a server again that was busy', async () => {
        let asked = 0
        const { url, close } = await serve((_, response) =>
          ++asked === 1 ? response.writeHead(503).end() : response.end(IMAGE),
        )
        const artifactId = await create({ sourceUrl: url })
        await waitUntil(async () => (await get(artifactId)).status === 'quarantined', { deadlineMs: 15_000 })
        expect(asked).toBe(2)
        close()
      })
    })

    it('lists artifacts newest first, page by page', async () => {
      const made = [await create(), await create(), await create()]
      const first = await operator().request(artifactList, { limit: 2 })
      if (!first.ok) throw new Error('refused')
      expect(first.data.items.map((item) => item.artifactId)).toEqual([made[2], made[1]])
      const second = await operator().request(artifactList, { limit: 1, cursor: first.data.next! })
      expect(second.ok && second.data.items[0]?.artifactId).toBe(made[0])
      expect(await operator().request(artifactList, { limit: 1, cursor: "' or 1=1" })).toMatchObject({
        error: { code: 'invalid_request' },
      })
    })

    describe('an upload of a device', () => {
      const TASK = 'tsk_01ARZ3NDEKTSV4RRFFQ69G5FAV'

      it('is granted a place on the file server, with credentials that hold for it alone', async () => {
        const expiresAt = new Date(Date.now() + 60_000).toISOString()
        const asked = { uploadId: TASK, deviceKey: 'dev_' + 'a'.repeat(26), expiresAt }
        const reply = await operator().request(uploadGrant, asked)
        if (!reply.ok) throw new Error(reply.error.code)
        const { url, username, password } = reply.data
        const [, uploadId = '', token = ''] = new URL(url).pathname.slice(1).split('/')
        expect(new URL(url).origin).toBe(FILES)
        expect(url.length).toBeLessThanOrEqual(150)
        const read = readUpload(uploadId, token, [KEY], Date.now() / 1_000)
        expect(read).toMatchObject({ kind: 'granted', password })
        expect(readUpload(uploadId, token, [KEY], Math.floor(Date.parse(expiresAt) / 1_000)).kind).toBe('refused')
        expect(username).toBe(TASK)
      })

      it('is given out to who has the internal token, and to nobody else', async () => {
        await uploads.put(TASK, bytesOf('ssid=home'), 100)
        const fetchIt = (id: string, token: string) =>
          fetch(`${new URL(intake).origin}/uploads/${id}`, { headers: { authorization: `Bearer ${token}` } })
        expect(await (await fetchIt(TASK, TOKEN)).text()).toBe('ssid=home')
        expect((await fetchIt(TASK, 'x'.repeat(40))).status).toBe(401)
        expect((await fetchIt('bk01ARZ3NDEKTSV4RRFFQ69G5FAV', TOKEN)).status).toBe(404)
        expect((await fetchIt('..%2F..%2Fetc%2Fpasswd', TOKEN)).status).toBe(404)
      })
    })
  })
}

async function* bytesOf(text: string) {
  yield Buffer.from(text)
}
