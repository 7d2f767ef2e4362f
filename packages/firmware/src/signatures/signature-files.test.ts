import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeMinisignKey } from '../../test/minisign.ts'
import { makeSignifyKey } from '../../test/signify.ts'
import { inWorkshop, missingTools, publicKey } from '../../test/tools.ts'
import { startSignatureChecks } from './check-signatures.ts'
import { readPublicKey, type PublicKey } from './public-key.ts'

const IMAGE = Buffer.from('an image, as bytes go')
const absent = missingTools('minisign', 'signify-openbsd')

async function check(algorithm: string, file: Uint8Array, keys: readonly PublicKey[], image: Uint8Array = IMAGE) {
  const value = Buffer.from(file).toString('base64')
  const checks = startSignatureChecks([{ algorithm, value }], keys)
  checks.update(image.subarray(0, 5))
  checks.update(image.subarray(5))
  const { outcome } = (await checks.finish())[0]!
  return outcome.kind === 'verified' ? outcome.keyId : outcome.code
}

describe.skipIf(absent.length > 0)(`signature files ${absent.join(', ')}`, () => {
  const make = () =>
    inWorkshop((workshop) => {
      const [mini, stranger] = [makeMinisignKey(workshop, 'mini'), makeMinisignKey(workshop, 'stranger')]
      const plain = makeSignifyKey(workshop, 'plain')
      const signed = { prehashed: mini.sign(IMAGE), legacy: mini.sign(IMAGE, 'legacy'), signify: plain.sign(IMAGE) }
      return { mini, stranger, plain, signed }
    })
  let made: ReturnType<typeof make>
  beforeAll(() => {
    made = make()
  })

  it('takes the key from the file of either tool, with its number, or from its second line', () => {
    for (const { text, publicKey: key } of [made.mini, made.plain]) {
      expect(key.keyNumber).toMatch(/^[0-9a-f]{16}$/)
      expect(publicKey(text.split('\n')[1]!)).toMatchObject({ keyId: key.keyId, keyNumber: key.keyNumber })
      // One key has one id, however it was written down.
      expect(publicKey(key.pem).keyId).toBe(key.keyId)
      expect(publicKey(key.pem).keyNumber).toBeUndefined()
    }
    for (const text of ['untrusted comment: x\nAAAA', `untrusted comment: x\n${Buffer.alloc(42).toString('base64')}`])
      expect(readPublicKey(text)).toMatchObject({ code: 'key_malformed' })
  })

  it('verifies what minisign and signify signed, and names the key', async () => {
    const keys = [made.stranger.publicKey, made.plain.publicKey, made.mini.publicKey]
    expect(await check('minisign', made.signed.prehashed, keys)).toBe(made.mini.publicKey.keyId)
    expect(await check('signify', made.signed.signify, keys)).toBe(made.plain.publicKey.keyId)
  })

  it('tries a key that was given without its number', async () => {
    expect(await check('minisign', made.signed.prehashed, [publicKey(made.mini.publicKey.pem)])).toBe(
      made.mini.publicKey.keyId,
    )
    expect(await check('signify', made.signed.signify, [publicKey(made.plain.publicKey.pem)])).toBe(
      made.plain.publicKey.keyId,
    )
  })

  it('refuses other bytes, another key, and no key of that number', async () => {
    const other = Buffer.from('another image, as they go')
    expect(await check('minisign', made.signed.prehashed, [made.mini.publicKey], other)).toBe('signature_invalid')
    expect(await check('signify', made.signed.signify, [made.plain.publicKey], other)).toBe('signature_invalid')
    expect(await check('minisign', made.signed.prehashed, [made.plain.publicKey])).toBe('key_unknown')
    expect(await check('signify', made.signed.signify, [made.mini.publicKey])).toBe('key_unknown')
    const unnumbered = publicKey(made.stranger.publicKey.pem)
    expect(await check('minisign', made.signed.prehashed, [unnumbered])).toBe('signature_invalid')
  })

  it('verifies the old kind of minisign, over the image itself, and its trusted comment', async () => {
    const key = made.mini.publicKey
    expect(await check('minisign', made.signed.legacy, [made.stranger.publicKey, key])).toBe(key.keyId)
    expect(await check('minisign', made.signed.legacy, [key], Buffer.from('another image'))).toBe('signature_invalid')
    const recommented = made.signed.legacy.toString().replace('\ntrusted comment: ', '\ntrusted comment: not ')
    expect(await check('minisign', Buffer.from(recommented), [key])).toBe('signature_invalid')
  })

  it('does not take a prehashed signature for one of signify', async () => {
    expect(await check('signify', made.signed.prehashed, [made.mini.publicKey])).toBe('signature_malformed')
  })

  it('notices each change of a byte of either file but in the comment that nobody signs', async () => {
    const changed = async (algorithm: string, file: Buffer, key: PublicKey) => {
      const commentEnd = file.indexOf('\n')
      await fc.assert(
        fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
          const bent = Buffer.from(file)
          bent[at]! ^= flip
          const outcome = await check(algorithm, bent, [key])
          if (at > commentEnd || at < 'untrusted comment: '.length) expect(outcome).not.toBe(key.keyId)
        }),
        { numRuns: 500 },
      )
    }
    for (const file of [made.signed.prehashed, made.signed.legacy])
      await changed('minisign', file.subarray(0, -1), made.mini.publicKey)
    await changed('signify', made.signed.signify.subarray(0, -1), made.plain.publicKey)
  })

  it('refuses a trusted comment that was signed with another image', async () => {
    const lines = (file: Buffer) => file.toString().split('\n')
    const [first, second] = inWorkshop((workshop) => {
      const key = makeMinisignKey(workshop, 'mini')
      return [
        { key, file: key.sign(IMAGE) },
        { key, file: key.sign(Buffer.from('another')) },
      ] as const
    })
    const [comment, signature] = lines(first.file)
    const mixed = [comment, signature, ...lines(second.file).slice(2)].join('\n')
    expect(await check('minisign', Buffer.from(mixed), [first.key.publicKey])).toBe('signature_invalid')
  })

  it('takes no image for the hash that minisign signed', async () => {
    const hash = createHash('blake2b512').update(IMAGE).digest()
    const bare = Buffer.from(made.signed.prehashed.toString().split('\n')[1]!, 'base64').subarray(10)
    // It is a plain signature of these 64 bytes, as mathematics go.
    expect(await check('ed25519', bare, [made.mini.publicKey], hash)).toBe('signature_invalid')
  })
})

it('verifies ECDSA over SHA-512 with a key of P-256: updates of Basics Station', async () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const key = publicKey(pair.publicKey.export({ format: 'pem', type: 'spki' }).toString())
  const signature = sign('sha512', IMAGE, pair.privateKey)
  expect(await check('ecdsa_p256_sha512', signature, [key])).toBe(key.keyId)
  expect(await check('ecdsa_p256_sha256', signature, [key])).toBe('signature_invalid')
  expect(await check('ecdsa_p256_sha512', sign('sha256', IMAGE, pair.privateKey), [key])).toBe('signature_invalid')
})
