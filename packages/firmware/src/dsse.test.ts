import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { expect, it } from 'vitest'
import { envelopeSigning, payloadOf, signedBytesOf, signersOf, type Envelope } from './dsse.ts'
import { readPublicKey, type PublicKey } from './signatures/public-key.ts'

const TYPE = 'application/vnd.example+json'
const PAYLOAD = Buffer.from('{"version":"2.0"}')

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: PublicKey
}

function asPair({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): Pair {
  const read = readPublicKey(publicKey.export({ format: 'pem', type: 'spki' }).toString())
  if (read.kind === 'refused') throw new Error(read.detail)
  return { privateKey, publicKey: read.publicKey }
}

const pairs = [
  asPair(generateKeyPairSync('ed25519')),
  asPair(generateKeyPairSync('ec', { namedCurve: 'prime256v1' })),
  asPair(generateKeyPairSync('ec', { namedCurve: 'secp384r1' })),
  asPair(generateKeyPairSync('rsa', { modulusLength: 2048 })),
]
const keys = pairs.map((pair) => pair.publicKey)
const ids = keys.map((key) => key.keyId)

function signed(by: readonly Pair[], type = TYPE): Envelope {
  const bytes = signedBytesOf(type, PAYLOAD)
  const signatures = by.map(({ privateKey, publicKey }) => {
    const { hash, options } = envelopeSigning(publicKey.family)
    const sig = sign(hash, bytes, { key: privateKey, ...options }).toString('base64')
    return { keyid: publicKey.keyId, sig }
  })
  return { payloadType: type, payload: PAYLOAD.toString('base64'), signatures }
}

it('puts the lengths of type and payload before them', () => {
  // The example of the DSSE specification.
  const bytes = signedBytesOf('http://example.com/HelloWorld', Buffer.from('hello world'))
  expect(bytes.toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world')
})

it('finds who signed, for every kind of key', () => {
  expect([...signersOf(signed(pairs), TYPE, keys)]).toEqual(ids)
  expect([...signersOf(signed(pairs.slice(1, 2)), TYPE, keys)]).toEqual([ids[1]])
})

it('counts a key once, however often it signed and whatever it calls itself', () => {
  const twice = signed([pairs[0]!, pairs[0]!])
  const renamed = { ...twice, signatures: twice.signatures.map((one, at) => ({ ...one, keyid: `key ${at}` })) }
  expect(signersOf(renamed, TYPE, keys).size).toBe(1)
})

it('finds nobody for another type, another payload, another key, or a signature that is none', () => {
  const envelope = signed(pairs)
  expect(signersOf(envelope, 'application/other', keys).size).toBe(0)
  expect(signersOf({ ...envelope, payloadType: 'application/other' }, 'application/other', keys).size).toBe(0)
  expect(signersOf({ ...envelope, payload: Buffer.from('{}').toString('base64') }, TYPE, keys).size).toBe(0)
  expect(signersOf(signed(pairs.slice(0, 1)), TYPE, keys.slice(1)).size).toBe(0)
  const garbage = envelope.signatures.map(({ keyid }) => ({ keyid, sig: 'AAAA' }))
  expect(signersOf({ ...envelope, signatures: garbage }, TYPE, keys).size).toBe(0)
})

it('reads a payload in its one spelling only', () => {
  expect(payloadOf({ payload: PAYLOAD.toString('base64') })).toEqual(PAYLOAD)
  expect(payloadOf({ payload: `${PAYLOAD.toString('base64')} ` })).toBeNull()
  expect(payloadOf({ payload: 'no base64!' })).toBeNull()
})
