import { createPublicKey, ECDH, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { expect, it } from 'vitest'
import { der } from '../../test/write-der.ts'
import { TAG } from '../cms/der.ts'
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

it.each([
  [2_047, 65_537n, 'key_too_weak'],
  [2_048, 65_537n, 'read'],
  [8_192, 65_537n, 'read'],
  [8_193, 65_537n, 'key_too_long'],
  [2_048, 1n, 'key_too_weak'],
  [2_048, 3n, 'read'],
  [2_048, 65_536n, 'key_too_weak'],
  [2_048, 0xffff_ffffn, 'read'],
  [2_048, 0x1_0000_0001n, 'key_too_long'],
] as const)('bounds RSA in its modulus and its exponent: %i bits and %i', (bits, exponent, outcome) => {
  const read = readPublicKey(pem(rsaOf(bits, exponent)))
  expect(read.kind === 'read' ? 'read' : read.code).toBe(outcome)
})

it.each([
  ['Ed25519', generateKeyPairSync('ed25519').publicKey],
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey],
  ['RSA', rsa(2048)],
])('refuses a key of %s with bytes behind it, as DER, within PEM, and behind PEM', (_name, key) => {
  const longer = Buffer.concat([key.export({ format: 'der', type: 'spki' }), Buffer.of(0)]).toString('base64')
  const texts = [longer, inPem('PUBLIC KEY', longer), `${pem(key)}${pem(key)}`, `${pem(key)}more`]
  for (const text of texts) expect(readPublicKey(text)).toMatchObject({ kind: 'refused', code: 'key_malformed' })
})

it('refuses a key of RSA with bytes behind it, also within what names its kind', () => {
  const key = rsa(2048)
  const longer = Buffer.concat([key.export({ format: 'der', type: 'pkcs1' }), Buffer.of(0)])
  const spki = key.export({ format: 'der', type: 'spki' })
  const algorithm = spki.subarray(4, 4 + 2 + spki[5]!)
  const named = der(TAG.sequence, algorithm, der(TAG.bitString, Buffer.of(0), longer))
  for (const text of [inPem('RSA PUBLIC KEY', longer.toString('base64')), named.toString('base64')])
    expect(readPublicKey(text)).toMatchObject({ kind: 'refused', code: 'key_malformed' })
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

/** A key of which only the lengths matter: nobody has its other half. */
function rsaOf(bits: number, exponent: bigint): KeyObject {
  const base64 = (number: bigint) => {
    const digits = number.toString(16)
    return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex').toString('base64url')
  }
  const n = base64((1n << BigInt(bits)) - 1n)
  return createPublicKey({ key: { kty: 'RSA', n, e: base64(exponent) }, format: 'jwk' })
}

function inPem(label: string, base64: string): string {
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`
}
