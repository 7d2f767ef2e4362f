import { randomBytes } from 'node:crypto'
import { artifactRegistered, trustKeyLimit, trustKeyRevoke, trustThresholdPut } from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { expect, it } from 'vitest'
import { METADATA, sysupgrade } from './sysupgrade.ts'
import { IMAGE, ids, registered, type AddedKey, type Registered, type World } from './world.ts'

/** Of both ends of an image, to see what it looks like, and of what it says of itself. */
const MOST_READS = 8
const MOST_READ_BYTES = 1_024

interface Wrong {
  readonly bytes?: Uint8Array
  readonly rest: Partial<Registered>
  readonly codes: readonly string[]
}

/** Bad input 40 and its kin: each with its reason, at the cost of one reading, and it stays where it is. */
export function badInputs(world: () => World): void {
  const signed = (key: AddedKey, bytes: Uint8Array = IMAGE) => ({ signatures: [key.signature(bytes)] })
  const revokedKey = async () => {
    const key = await world().addedKey()
    await world().operator().request(trustKeyRevoke, { keyId: key.keyId, reason: 'lost', actor: 'operator:eve' })
    return key
  }
  const expiredKey = async () => {
    const key = await world().addedKey()
    const validUntil = new Date(Date.now() - 1_000).toISOString()
    const bounds = { validFrom: null, validUntil, actor: 'operator:eve' }
    await world()
      .operator()
      .request(trustKeyLimit, { keyId: key.keyId, ...bounds })
    return key
  }

  const CASES: Readonly<Record<string, () => Promise<Wrong>>> = {
    'cut short': async () => ({
      bytes: IMAGE.subarray(1),
      rest: { ...signed(await world().addedKey()), declaredSize: IMAGE.length },
      codes: ['size_mismatch', 'signature_invalid', 'too_few_keys'],
    }),
    'longer than it was said to be': async () => ({
      bytes: Buffer.concat([IMAGE, Buffer.of(0)]),
      rest: { ...signed(await world().addedKey()), declaredSize: IMAGE.length },
      codes: ['size_mismatch', 'signature_invalid', 'too_few_keys'],
    }),
    'with another digest than it was said to have': async () => ({
      rest: { ...signed(await world().addedKey()), declaredSha256: '0'.repeat(64) },
      codes: ['digest_mismatch'],
    }),
    'changed in quarantine since it was measured': async () => ({
      rest: { ...signed(await world().addedKey()), sha256: '0'.repeat(64) },
      codes: ['digest_mismatch'],
    }),
    'without a signature': async () => ({ rest: {}, codes: ['unsigned'] }),
    'signed by a revoked key': async () => ({
      rest: signed(await revokedKey()),
      codes: ['key_revoked', 'too_few_keys'],
    }),
    'signed by an expired key': async () => ({
      rest: signed(await expiredKey()),
      codes: ['key_expired', 'too_few_keys'],
    }),
    'signed by a key that is not valid yet': async () => ({
      rest: signed(await world().addedKey({ validFrom: new Date(Date.now() + 3_600_000).toISOString() })),
      codes: ['key_not_yet_valid', 'too_few_keys'],
    }),
    'signed by an unknown key': async () => ({
      rest: { signatures: [{ algorithm: 'ed25519', value: randomBytes(64).toString('base64') }] },
      codes: ['signature_invalid', 'too_few_keys'],
    }),
    'signed by a key of another vendor': async () => ({
      rest: signed(await world().addedKey({ ouis: ['FFFFFF'] })),
      codes: ['key_out_of_scope', 'too_few_keys'],
    }),
    'signed by a key of another model': async () => ({
      rest: signed(await world().addedKey({ models: [{ oui: '00D09E', productClass: 'STB' }] })),
      codes: ['key_out_of_scope', 'too_few_keys'],
    }),
    'signed by a key that signs releases': async () => ({
      rest: signed(await world().addedKey({ purposes: ['release'] })),
      codes: ['key_not_for_images', 'too_few_keys'],
    }),
    'with a valid signature over other bytes': async () => ({
      rest: signed(await world().addedKey(), Buffer.from('other bytes')),
      codes: ['signature_invalid', 'too_few_keys'],
    }),
    'signed twice by one key, where it takes two': async () => {
      const fits = [{ oui: '0A0B0C', productClass: 'TWO' }]
      const input = { ...fits[0]!, requiredKeys: 2, actor: 'operator:eve' }
      await world().operator().request(trustThresholdPut, input)
      const key = await world().addedKey()
      return { rest: { fits, signatures: [key.signature(IMAGE), key.signature(IMAGE)] }, codes: ['too_few_keys'] }
    },
    'declared as a format that it is not': async () => ({
      rest: { ...signed(await world().addedKey()), format: 'fit' },
      codes: ['format_mismatch'],
    }),
    'made for another board': async () => {
      const bytes = sysupgrade(IMAGE, METADATA)
      const fits = [{ oui: '00D09E', productClass: 'IGD', hardwareVersions: ['other,router'] }]
      const rest = { ...signed(await world().addedKey(), bytes), version: '23.05.3', fits }
      return { bytes, rest, codes: ['board_mismatch'] }
    },
    'that calls itself another version': async () => {
      const bytes = sysupgrade(IMAGE, METADATA)
      return { bytes, rest: signed(await world().addedKey(), bytes), codes: ['version_mismatch'] }
    },
    'that contradicts its own sum, whoever signed it': async () => {
      const bytes = sysupgrade(IMAGE, METADATA)
      bytes[0]! ^= 1
      const rest = { ...signed(await world().addedKey(), bytes), version: '23.05.3' }
      return { bytes, rest, codes: ['digest_stated_mismatch'] }
    },
    'of random bytes': async () => ({ bytes: randomBytes(4_096), rest: {}, codes: ['unsigned'] }),
    'of random bytes, with random signatures': async () => ({
      bytes: randomBytes(4_096),
      rest: {
        signatures: [
          { algorithm: 'rsa_pkcs1_sha256', value: randomBytes(256).toString('base64') },
          { algorithm: 'ed25519', value: randomBytes(63).toString('base64') },
        ],
      },
      codes: ['key_unknown', 'signature_malformed', 'too_few_keys'],
    }),
  }

  it.each(Object.keys(CASES))('bad input 40: an image %s', async (name) => {
    const { counts, images, register, codes, trusted } = world()
    const { bytes = IMAGE, rest, codes: expected } = await CASES[name]!()
    const before = { ...counts }
    const artifactId = await register(bytes, rest)
    expect(await codes(artifactId)).toEqual(expected)
    expect(counts.reads - before.reads).toBeLessThanOrEqual(MOST_READS)
    expect(counts.bytes - before.bytes).toBeLessThanOrEqual(bytes.length + MOST_READ_BYTES)
    expect(trusted.map((judged) => judged.artifactId)).not.toContain(artifactId)
    await staysInQuarantine(images, artifactId)
  })

  it('says so when there is nothing in quarantine (any more)', async () => {
    const { hub, codes } = world()
    const artifactId = ids.artifact()
    const event = { id: ids.event(), key: artifactId, data: registered(artifactId, IMAGE) }
    await hub.as('artifact-resolver').publish(artifactRegistered, [event])
    expect(await codes(artifactId)).toEqual(['content_missing'])
  })

  it('fault 56: waits for a store that fails for one image, and does not keep the others waiting', async () => {
    const { addedKey, register, verdictOn, codes } = world()
    const key = await addedKey()
    let failures = 0
    world().holdUp = async () => {
      failures += 1
      throw Object.assign(new Error('503'), { code: 'unavailable' })
    }
    const late = await register(IMAGE, { signatures: [key.signature(IMAGE)] })
    await waitUntil(() => failures > 0)
    world().holdUp = async () => undefined
    expect(await codes(await register(IMAGE, { signatures: [key.signature(IMAGE)] }))).toEqual([])
    expect(await verdictOn(late)).toMatchObject({ trusted: true })
  })
}

export async function staysInQuarantine(images: World['images'], artifactId: string): Promise<void> {
  const image = await images.openQuarantined(artifactId)
  expect(image.kind).toBe('open')
  if (image.kind === 'open') await image.close()
}
