import { constants, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { startSignatureChecks } from './check-signatures.ts'
import { readPublicKey, type PublicKey } from './public-key.ts'

const IMAGE = Buffer.from('an image, as bytes go')

const PAIRS = {
  ed25519: generateKeyPairSync('ed25519'),
  ecdsa_p256_sha256: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  ecdsa_p384_sha384: generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
  rsa_pss_sha256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  rsa_pkcs1_sha256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
}
type Algorithm = keyof typeof PAIRS
const ALGORITHMS = Object.keys(PAIRS) as Algorithm[]

function publicKeyOf(key: KeyObject): PublicKey {
  const read = readPublicKey(key.export({ format: 'pem', type: 'spki' }).toString())
  if (read.kind === 'refused') throw new Error(read.detail)
  return read.publicKey
}

const STORE = ALGORITHMS.map((algorithm) => publicKeyOf(PAIRS[algorithm].publicKey))
const KEY_ID = Object.fromEntries(ALGORITHMS.map((algorithm, at) => [algorithm, STORE[at]!.keyId])) as Record<
  Algorithm,
  string
>

function signed(algorithm: Algorithm, bytes: Uint8Array): Buffer {
  const key = PAIRS[algorithm].privateKey
  if (algorithm === 'ed25519') return sign(null, bytes, key)
  if (algorithm === 'ecdsa_p384_sha384') return sign('sha384', bytes, key)
  if (algorithm === 'rsa_pss_sha256') {
    return sign('sha256', bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })
  }
  return sign('sha256', bytes, key)
}

/** The id of the key that verifies, or why none does. */
async function check(
  algorithm: string,
  signature: Uint8Array,
  image: Uint8Array = IMAGE,
  keys = STORE,
): Promise<string> {
  const checks = startSignatureChecks([{ algorithm, value: Buffer.from(signature).toString('base64') }], keys)
  checks.update(image)
  const [presented] = await checks.finish()
  return presented!.outcome.kind === 'verified' ? presented!.outcome.keyId : presented!.outcome.code
}

describe.each(ALGORITHMS)('%s', (algorithm) => {
  const signature = signed(algorithm, IMAGE)

  it('request 23: names the key that signed, among all keys of the store', async () => {
    expect(await check(algorithm, signature)).toBe(KEY_ID[algorithm])
  })

  it('refuses a signature over other bytes', async () => {
    expect(await check(algorithm, signed(algorithm, Buffer.from('another')))).toBe('signature_invalid')
  })

  it('refuses an image that was cut short, and one with a byte more', async () => {
    expect(await check(algorithm, signature, IMAGE.subarray(1))).toBe('signature_invalid')
    expect(await check(algorithm, signature, Buffer.concat([IMAGE, Buffer.of(0)]))).toBe('signature_invalid')
  })

  it('refuses any signature with one bit changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: signature.length * 8 - 1 }), async (bit) => {
        const bent = Buffer.from(signature)
        bent[bit >> 3] = bent[bit >> 3]! ^ (1 << (bit & 7))
        expect(await check(algorithm, bent)).toMatch(/^signature_/)
      }),
      { numRuns: 60 },
    )
  })

  it('gives the same answer however the image is cut, even when the reader fills one buffer again and again', async () => {
    const reused = Buffer.alloc(5)
    const checks = startSignatureChecks([{ algorithm, value: signature.toString('base64') }], STORE)
    for (let at = 0; at < IMAGE.length; at += 5) checks.update(reused.subarray(0, IMAGE.copy(reused, 0, at, at + 5)))
    expect(await checks.finish()).toEqual([{ algorithm, outcome: { kind: 'verified', keyId: KEY_ID[algorithm] } }])
  })

  it('tells a signature of the wrong length from one that is wrong', async () => {
    for (const length of [1, 63, 65, 300])
      expect(await check(algorithm, Buffer.alloc(length, 0x30))).toBe('signature_malformed')
  })

  it('says so when the store has no key of its kind', async () => {
    expect(await check(algorithm, signature, IMAGE, [])).toBe('key_unknown')
  })
})

it('refuses an algorithm it does not know, names from the prototype included', async () => {
  for (const algorithm of ['rsa_pkcs1_sha1', 'none', '', 'toString', '__proto__']) {
    expect(await check(algorithm, Buffer.alloc(64))).toBe('algorithm_not_supported')
  }
})

it('takes PKCS#1 and PSS for two different things', async () => {
  expect(await check('rsa_pkcs1_sha256', signed('rsa_pss_sha256', IMAGE))).toBe('signature_invalid')
})

it('refuses what is no base64', async () => {
  const checks = startSignatureChecks([{ algorithm: 'ed25519', value: '!'.repeat(88) }], STORE)
  expect((await checks.finish())[0]!.outcome).toEqual({ kind: 'failed', code: 'signature_malformed' })
})

describe('ECDSA encodings', () => {
  const p256 = (signature: Uint8Array) => check('ecdsa_p256_sha256', signature)

  it('refuses r and s side by side without DER (IEEE P1363)', async () => {
    const raw = sign('sha256', IMAGE, { key: PAIRS.ecdsa_p256_sha256.privateKey, dsaEncoding: 'ieee-p1363' })
    expect(await p256(raw)).toBe('signature_malformed')
  })

  it('refuses trailing bytes, long lengths, padded, negative, zero and empty numbers', async () => {
    const good = signed('ecdsa_p256_sha256', IMAGE)
    const bad = [
      Buffer.concat([good, Buffer.of(0)]),
      Buffer.concat([Buffer.of(0x30, 0x81, good.length - 2), good.subarray(2)]),
      Buffer.of(0x30, 7, 2, 2, 0, 1, 2, 1, 1),
      Buffer.of(0x30, 6, 2, 1, 0x81, 2, 1, 1),
      Buffer.of(0x30, 6, 2, 1, 0, 2, 1, 1),
      Buffer.of(0x30, 4, 2, 0, 2, 0),
    ]
    for (const signature of bad) expect(await p256(signature)).toBe('signature_malformed')
  })

  it('never throws for arbitrary bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), async (bytes) =>
        (await p256(bytes)).startsWith('signature_'),
      ),
    )
  })
})
