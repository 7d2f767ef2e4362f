import { ECDH, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { expect, it } from 'vitest'
import { readPublicKey } from './public-key.ts'

const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString()
const rsa = (modulusLength: number, publicExponent = 65537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey

it('gives one key one id, as PEM, as DER in base64, and as PKCS#1', () => {
  const key = rsa(2048)
  const texts = [
    pem(key),
    key.export({ format: 'der', type: 'spki' }).toString('base64'),
    key.export({ format: 'pem', type: 'pkcs1' }).toString(),
  ]
  const ids = new Set(
    texts.map((text) => {
      const read = readPublicKey(text)
      return read.kind === 'read' ? read.publicKey.keyId : read.code
    }),
  )
  expect(ids.size).toBe(1)
  expect([...ids][0]).toMatch(/^[0-9a-f]{16}$/)
})

it.each([
  ['P-256', 'prime256v1', 65],
  ['P-384', 'secp384r1', 97],
] as const)('gives one key of %s one id and one text, its point compressed or not', (namedCurve, curve, bytes) => {
  const spki = generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'der', type: 'spki' })
  const point = spki.subarray(-bytes)
  const spelt = (form: 'compressed' | 'hybrid') => {
    const other = ECDH.convertKey(point, curve, undefined, undefined, form) as Buffer
    const [algorithm] = [spki.subarray(2, 4 + spki[3]!)]
    const bits = Buffer.concat([Buffer.of(0x03, other.length + 1, 0), other])
    return Buffer.concat([Buffer.of(0x30, algorithm.length + bits.length), algorithm, bits])
  }
  const read = [spki, spelt('compressed'), spelt('hybrid')].map((der) => readPublicKey(der.toString('base64')))
  const told = read.map((one) => (one.kind === 'read' ? `${one.publicKey.keyId} ${one.publicKey.pem}` : one.detail))
  expect(new Set(told).size).toBe(1)
})

it('refuses a private key in so many words', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const text = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  expect(readPublicKey(text)).toMatchObject({ kind: 'refused', code: 'key_private' })
})

it('refuses RSA below 2048 bits and with an exponent that signs nothing', () => {
  expect(readPublicKey(pem(rsa(1024)))).toMatchObject({ kind: 'refused', code: 'key_too_weak' })
})

it('refuses curves and kinds it has no algorithm for', () => {
  expect(readPublicKey(pem(generateKeyPairSync('x25519').publicKey))).toMatchObject({ code: 'key_kind_not_supported' })
  expect(readPublicKey(pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey))).toMatchObject({
    code: 'key_kind_not_supported',
  })
  expect(readPublicKey(pem(generateKeyPairSync('ed448').publicKey))).toMatchObject({ code: 'key_kind_not_supported' })
})

it('refuses what is no key at all, of any length', () => {
  for (const text of ['', 'hello', 'AAAA', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', '\0']) {
    expect(readPublicKey(text)).toMatchObject({ kind: 'refused', code: 'key_malformed' })
  }
  expect(readPublicKey('A'.repeat(10_000))).toMatchObject({ kind: 'refused', code: 'key_too_long' })
})
