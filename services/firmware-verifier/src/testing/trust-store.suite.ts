import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  trustKeyAdd,
  trustKeyLimit,
  trustKeyList,
  trustKeyRevoke,
  trustThresholdList,
  trustThresholdPut,
  type InputOf,
} from '@sluice/contracts'
import { readPublicKey } from '@sluice/firmware'
import { waitUntil } from '@sluice/testbed'
import { expect, it } from 'vitest'
import { saveVerdict } from '../store/verdicts.ts'
import { FITS, IMAGE, ids, pemOf, sha256Of, type World } from './world.ts'

const ACTOR = 'operator:eve'
const soon = () => new Date(Date.now() + 3_600_000).toISOString()

/** Who may sign what, for how long, and what a revocation takes with it. */
export function trustStores(world: () => World): void {
  const limit = (keyId: string, bounds: { validFrom: string | null; validUntil: string | null }) =>
    world()
      .operator()
      .request(trustKeyLimit, { keyId, ...bounds, actor: ACTOR })
  const revoke = (keyId: string, reason = 'laptop lost', actor = ACTOR) =>
    world().operator().request(trustKeyRevoke, { keyId, reason, actor })

  it('keeps keys: the same again is no change, a revoked one never comes back, an unusable one never enters', async () => {
    const { addedKey, operator } = world()
    const key = await addedKey({ ouis: ['00D09E'] })
    const again = { name: 'vendor', publicKeyPem: key.publicKeyPem, ouis: ['00D09E'], actor: 'operator:bob' }
    expect(await operator().request(trustKeyAdd, again)).toMatchObject({ ok: true, data: { addedBy: ACTOR } })
    for (const other of [{ ouis: [] }, { name: 'other' }, { purposes: ['release' as const] }]) {
      expect(await operator().request(trustKeyAdd, { ...again, ...other })).toMatchObject({
        error: { code: 'conflict' },
      })
    }
    await revoke(key.keyId, 'x')
    expect(await operator().request(trustKeyAdd, again)).toMatchObject({ error: { code: 'conflict' } })
    const weak = pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)
    expect(await operator().request(trustKeyAdd, { ...again, publicKeyPem: weak })).toMatchObject({
      error: { code: 'invalid_request', detail: expect.stringMatching(/^key_too_weak/) as string },
    })
    expect(await revoke('0'.repeat(16))).toMatchObject({ error: { code: 'not_found' } })
    const list = await operator().request(trustKeyList, { limit: 32 })
    expect(list.ok && list.data.items.find((item) => item.keyId === key.keyId)).toMatchObject({
      state: 'revoked',
      revokedReason: 'x',
      algorithms: expect.arrayContaining(['ed25519']) as string[],
      purposes: ['image'],
    })
  })

  it('takes no key that would be valid at no time', async () => {
    const at = soon()
    await expect(world().addedKey({ validFrom: at, validUntil: at })).rejects.toThrow('valid at no time')
  })

  it('adds a key once, however many add it at once', async () => {
    const { hub, operator } = world()
    const input = { name: 'vendor', publicKeyPem: pemOf(generateKeyPairSync('ed25519').publicKey), actor: ACTOR }
    const replies = await Promise.all(Array.from({ length: 6 }, () => operator().request(trustKeyAdd, input)))
    const added = replies.find((reply) => reply.ok)!.data
    const noted = `select 1 from verifier.journal where kind = 'trust_key.added' and data->>'keyId' = $1`
    expect(await hub.sql.query(noted, [added.keyId])).toHaveLength(1)
  })

  it('keeps 256 keys, since each signature is tried with every one of them, and 1,024 thresholds', async () => {
    const { addedKey, hub, operator } = world()
    const put = (oui: string) =>
      operator().request(trustThresholdPut, { oui, productClass: null, requiredKeys: 2, actor: ACTOR })
    const key = await addedKey()
    await put('AABBEE')
    await hub.sql.query(
      `insert into verifier.trust_keys (key_id, name, public_key_pem, ouis, added_at, added_by)
       select lpad(to_hex(n), 16, '0'), 'filler', public_key_pem, '{}', 0, 'filler'
       from verifier.trust_keys, generate_series(1, 256) n where key_id = $1`,
      [key.keyId],
    )
    await hub.sql.query(
      `insert into verifier.trust_thresholds (oui, product_class, required_keys, set_at, set_by)
       select 'AABBEF', 'model ' || n, 1, 0, 'filler' from generate_series(1, 1024) n`,
    )
    try {
      await expect(addedKey()).rejects.toThrow('there are 256 keys already')
      const again = { name: 'vendor', publicKeyPem: key.publicKeyPem, actor: ACTOR }
      expect(await operator().request(trustKeyAdd, again)).toMatchObject({ ok: true })
      expect(await put('AABBFF')).toMatchObject({ error: { code: 'conflict' } })
      expect(await put('AABBEE')).toMatchObject({ ok: true })
    } finally {
      await hub.sql.query(`delete from verifier.trust_keys where added_by = 'filler'`)
      await hub.sql.query(`delete from verifier.trust_thresholds where set_by = 'filler'`)
    }
  })

  it('withdraws with a key what only that key vouched for, and nothing else', async () => {
    const { addedKey, register, verdictOn, revoked, revocations, codes } = world()
    const [one, two] = [await addedKey(), await addedKey()]
    const leaning = await register(IMAGE, { signatures: [one.signature(IMAGE)] })
    const standing = await register(IMAGE, { signatures: [one.signature(IMAGE), two.signature(IMAGE)] })
    await Promise.all([verdictOn(leaning), verdictOn(standing)])
    expect(await revoke(one.keyId)).toMatchObject({
      ok: true,
      data: { revokedBy: ACTOR, revokedReason: 'laptop lost' },
    })
    await waitUntil(() => revoked.some((event) => event.artifactId === leaning))
    expect(revoked.find((event) => event.artifactId === leaning)).toMatchObject({ actor: ACTOR })
    expect(await revocations()).not.toContain(standing)

    expect(await codes(await register(IMAGE, { signatures: [one.signature(IMAGE)] }))).toEqual([
      'key_revoked',
      'too_few_keys',
    ])
    await revoke(two.keyId, 'also lost')
    await waitUntil(() => revoked.some((event) => event.artifactId === standing))
    expect(await revoke(one.keyId, 'again', 'operator:bob')).toMatchObject({ ok: true, data: { revokedBy: ACTOR } })
    // Who lost that it was revoked, hears it again, and who did it.
    await waitUntil(() => revoked.filter((event) => event.artifactId === leaning).length === 2)
    const [first, second] = revoked.filter((event) => event.artifactId === leaning)
    expect(second).toEqual(first)
  })

  it('revokes with a key what one private key alone is left to vouch for, under however many authorities', async () => {
    const { addedKey, hub, revoked } = world()
    const [one, root, otherRoot] = [await addedKey(), await addedKey(), await addedKey()]
    const [artifactId, through, now] = [ids.artifact(), ['f'.repeat(16)], Date.now()]
    await saveVerdict(hub.sql, {
      artifact_id: artifactId,
      sha256: sha256Of(IMAGE),
      fits: FITS,
      verdict: { trusted: true, reasons: [], checks: [], at: new Date(now).toISOString() },
      vouchers: [
        { keyId: one.keyId, through: [] },
        { keyId: root.keyId, through },
        { keyId: otherRoot.keyId, through },
      ],
      required_keys: 2,
      judged_at: now,
    })
    await revoke(one.keyId)
    await waitUntil(() => revoked.some((event) => event.artifactId === artifactId))
  })

  it('revokes a key that the store never had, with what it stands between, and never takes it in', async () => {
    const { addedKey, operator, hub, revoked } = world()
    const root = await addedKey()
    const publicKeyPem = pemOf(generateKeyPairSync('ed25519').publicKey)
    const read = readPublicKey(publicKeyPem)
    if (read.kind === 'refused') throw new Error(read.detail)
    const { keyId } = read.publicKey
    const [artifactId, now] = [ids.artifact(), Date.now()]
    await saveVerdict(hub.sql, {
      artifact_id: artifactId,
      sha256: sha256Of(IMAGE),
      fits: FITS,
      verdict: { trusted: true, reasons: [], checks: [], at: new Date(now).toISOString() },
      vouchers: [{ keyId: root.keyId, through: [keyId] }],
      required_keys: 1,
      judged_at: now,
    })
    const input = { keyId, reason: 'stolen', actor: ACTOR }
    expect(await operator().request(trustKeyRevoke, input)).toMatchObject({ error: { code: 'not_found' } })
    for (const given of ['x', root.publicKeyPem]) {
      const reply = await operator().request(trustKeyRevoke, { ...input, publicKeyPem: given })
      expect(reply).toMatchObject({ error: { code: 'invalid_request' } })
    }
    expect(await operator().request(trustKeyRevoke, { ...input, publicKeyPem })).toMatchObject({
      ok: true,
      data: { keyId, state: 'revoked', revokedReason: 'stolen' },
    })
    await waitUntil(() => revoked.some((event) => event.artifactId === artifactId))
    const add = { name: 'vendor', publicKeyPem, actor: 'operator:bob' }
    expect(await operator().request(trustKeyAdd, add)).toMatchObject({ error: { code: 'conflict' } })
  })

  it('lists keys newest first, page by page', async () => {
    const { addedKey, operator } = world()
    const made: string[] = []
    for (let at = 0; at < 3; at += 1) made.unshift((await addedKey()).keyId)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await operator().request(trustKeyList, { limit: 2, ...(cursor && { cursor }) })
      if (!page.ok) throw new Error(page.error.detail)
      seen.push(...page.data.items.map(({ keyId }) => keyId))
      cursor = page.data.next ?? undefined
    } while (cursor !== undefined)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.filter((keyId) => made.includes(keyId))).toEqual(made)
    const strange = await operator().request(trustKeyList, { cursor: 'x', limit: 2 })
    expect(strange).toMatchObject({ error: { code: 'invalid_request' } })
  })

  it('withdraws with a key what a key of the store vouched for through it', async () => {
    const { addedKey, hub, register, verdictOn, revoked } = world()
    const [anchor, between] = [await addedKey(), await addedKey()]
    const artifactId = await register(IMAGE, { signatures: [anchor.signature(IMAGE)] })
    await saveVerdict(hub.sql, {
      artifact_id: artifactId,
      sha256: sha256Of(IMAGE),
      fits: FITS,
      verdict: await verdictOn(artifactId),
      // As where the anchor signs a certificate of the other, and that one the image.
      vouchers: [{ keyId: anchor.keyId, through: [between.keyId] }],
      required_keys: 1,
      judged_at: Date.now(),
    })
    await revoke(between.keyId)
    await waitUntil(() => revoked.some((event) => event.artifactId === artifactId))
  })

  it('a key that expires takes nothing with it, not even when another one is revoked later', async () => {
    const { addedKey, register, verdictOn, revoked, revocations } = world()
    const [one, two] = [await addedKey(), await addedKey()]
    const signatures = [one.signature(IMAGE), two.signature(IMAGE)]
    const artifactId = await register(IMAGE, { signatures })
    await verdictOn(artifactId)
    await limit(one.keyId, { validFrom: null, validUntil: new Date(Date.now() - 1_000).toISOString() })
    const leaning = await register(IMAGE, { signatures: [two.signature(IMAGE)] })
    await verdictOn(leaning)
    await revoke(two.keyId)
    await waitUntil(() => revoked.some((event) => event.artifactId === leaning))
    expect(await revocations()).not.toContain(artifactId)
  })

  it('rotates: a successor may sign what its predecessor may, and both do until the old one ends', async () => {
    const { addedKey, operator, register, verdictOn, codes } = world()
    const models = [{ oui: '00D09E', productClass: 'IGD' }]
    const old = await addedKey({ models })
    const next = await addedKey({ name: 'vendor 2027', succeeds: old.keyId })
    for (const key of [old, next]) {
      expect(await verdictOn(await register(IMAGE, { signatures: [key.signature(IMAGE)] }))).toMatchObject({
        trusted: true,
      })
    }
    const list = await operator().request(trustKeyList, { limit: 32 })
    expect(list.ok && list.data.items.find(({ keyId }) => keyId === next.keyId)).toMatchObject({
      succeeds: old.keyId,
      models,
      state: 'in_force',
    })
    await limit(old.keyId, { validFrom: null, validUntil: new Date().toISOString() })
    expect(await codes(await register(IMAGE, { signatures: [old.signature(IMAGE)] }))).toContain('key_expired')
    expect(await codes(await register(IMAGE, { signatures: [next.signature(IMAGE)] }))).toEqual([])
    const nobody: InputOf<typeof trustKeyAdd> = { name: 'x', publicKeyPem: next.publicKeyPem, actor: ACTOR }
    expect(await operator().request(trustKeyAdd, { ...nobody, succeeds: '0'.repeat(16) })).toMatchObject({
      error: { code: 'not_found' },
    })
  })

  it('a successor may do what its predecessor may, and nothing of it for models where others are named', async () => {
    const { addedKey, operator } = world()
    const models = [{ oui: '00D09E', productClass: 'IGD' }]
    const old = await addedKey({ models, purposes: ['release'] })
    const next = await addedKey({ succeeds: old.keyId })
    const elsewhere = await addedKey({ succeeds: old.keyId, ouis: ['AABBCC'] })
    const list = await operator().request(trustKeyList, { limit: 32 })
    const shown = (id: string) => list.ok && list.data.items.find(({ keyId }) => keyId === id)
    expect(shown(next.keyId)).toMatchObject({ purposes: ['release'], ouis: [], models })
    expect(shown(elsewhere.keyId)).toMatchObject({ purposes: ['release'], ouis: ['AABBCC'], models: [] })
  })

  it('changes when a key may sign, at once where nobody else is asked', async () => {
    const { addedKey } = world()
    const key = await addedKey({ validUntil: soon() })
    expect(await limit(key.keyId, { validFrom: null, validUntil: null })).toMatchObject({
      ok: true,
      data: { validUntil: null, proposed: null, state: 'in_force' },
    })
    expect(await limit(key.keyId, { validFrom: soon(), validUntil: null })).toMatchObject({
      ok: true,
      data: { state: 'not_yet_valid' },
    })
  })

  it('takes a certificate for as long as it is valid, and no longer', async () => {
    const { operator } = world()
    const publicKeyPem = await certificateOf('Acme')
    const { validFromDate, validToDate } = new X509Certificate(publicKeyPem)
    const added = await operator().request(trustKeyAdd, { name: 'Acme', publicKeyPem, actor: ACTOR })
    if (!added.ok) throw new Error(added.error.detail)
    const bounds = {
      validFrom: validFromDate.toISOString(),
      validUntil: new Date(validToDate.getTime() + 1_000).toISOString(),
    }
    expect(added.data).toMatchObject({ ...bounds, state: 'in_force' })
    expect(await limit(added.data.keyId, { validFrom: null, validUntil: null })).toMatchObject({ data: bounds })
    expect(await limit(added.data.keyId, { validFrom: null, validUntil: soon() })).toMatchObject({
      data: { validFrom: bounds.validFrom },
    })
  })

  it('asks for as many keys as the model takes, else its vendor, else the setting; of several models, the most', async () => {
    const { addedKey, operator, register, codes } = world()
    const put = (productClass: string | null, requiredKeys: number) =>
      operator().request(trustThresholdPut, { oui: 'AABBCC', productClass, requiredKeys, actor: ACTOR })
    await put(null, 2)
    await put('LAB', 1)
    const [one, two] = [await addedKey(), await addedKey()]
    const fit = (productClass: string) => ({ oui: 'AABBCC', productClass })
    const byOne = { signatures: [one.signature(IMAGE)] }
    const byTwo = { signatures: [one.signature(IMAGE), two.signature(IMAGE)] }
    expect(await codes(await register(IMAGE, { ...byOne, fits: [fit('IGD')] }))).toEqual(['too_few_keys'])
    expect(await codes(await register(IMAGE, { ...byTwo, fits: [fit('IGD')] }))).toEqual([])
    expect(await codes(await register(IMAGE, { ...byOne, fits: [fit('LAB')] }))).toEqual([])
    expect(await codes(await register(IMAGE, { ...byOne, fits: [fit('LAB'), fit('IGD')] }))).toEqual(['too_few_keys'])
    const list = await operator().request(trustThresholdList, {})
    expect(list).toMatchObject({ ok: true, data: { requiredKeysElsewhere: 1 } })
  })

  it('revokes what fell below what it took then, whatever it would take now', async () => {
    const { addedKey, hub, operator, register, verdictOn, revoked, revocations } = world()
    const fits = [{ oui: 'AABBDD', productClass: 'IGD' }]
    const [one, two] = [await addedKey(), await addedKey()]
    const artifactId = await register(IMAGE, { fits, signatures: [one.signature(IMAGE), two.signature(IMAGE)] })
    await verdictOn(artifactId)
    await operator().request(trustThresholdPut, { ...fits[0]!, requiredKeys: 2, actor: ACTOR })
    // Two signatures by one key are one key.
    const twice = [one.signature(IMAGE), one.signature(IMAGE), two.signature(IMAGE)]
    const strict = await register(IMAGE, { fits, signatures: twice })
    await verdictOn(strict)
    await revoke(two.keyId)
    await waitUntil(() => revoked.some((event) => event.artifactId === strict))
    expect(await revocations()).not.toContain(artifactId)
    await revoke(one.keyId)
    const told = `select 1 from verifier.journal where kind = 'artifact.revoked' and data->>'artifactId' = $1`
    expect(await hub.sql.query(told, [artifactId])).toHaveLength(1)
    expect(await hub.sql.query(told, [strict])).toHaveLength(1)
  })
}

/** One that vouches for itself, made by openssl for thirty days. */
async function certificateOf(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-certificate-'))
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(folder, 'key.pem')]
  execFileSync(
    'openssl',
    ['req', '-x509', ...key, '-subj', `/CN=${name}`, '-days', '30', '-out', join(folder, 'c.pem')],
    {
      stdio: 'ignore',
    },
  )
  return readFile(join(folder, 'c.pem'), 'utf8')
}
