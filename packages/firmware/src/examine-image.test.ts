import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { expect, it } from 'vitest'
import { examineImage, type ExaminedImage } from './examine-image.ts'
import { NO_FACTS } from './formats/image-facts.ts'
import type { ImageParser, Span } from './formats/format.ts'
import { readPublicKey } from './signatures/public-key.ts'

const IMAGE = Buffer.from('head|a body that is hashed|tail')
const BODY = { start: 5, end: 26 }
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const read = readPublicKey(pair.publicKey.export({ format: 'pem', type: 'spki' }).toString())
if (read.kind === 'refused') throw new Error(read.detail)
const KEY = read.publicKey
const SIGNATURE = { algorithm: 'ecdsa_p256_sha256', value: sign('sha256', IMAGE, pair.privateKey).toString('base64') }

/** An image in memory that counts how often its bytes are read. */
function counted(bytes: Uint8Array) {
  const passes: number[] = []
  const image: ExaminedImage = {
    size: bytes.length,
    read: async ({ start, end }) => bytes.subarray(start, end),
    stream: async function* () {
      passes.push(bytes.length)
      for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
    },
  }
  return { image, passes }
}

/** A format whose body is hashed, and that calls itself 2.0. */
function bodyFormat(bytes: Uint8Array): ImageParser {
  const expected = sha256Of(bytes.subarray(BODY.start, BODY.end))
  return {
    format: 'swupdate',
    recognises: ({ head }) => Buffer.from(head).toString().startsWith('head|'),
    parse: async () => ({
      kind: 'parsed',
      image: {
        format: 'swupdate',
        facts: { ...NO_FACTS, version: '2.0' },
        digests: [
          { what: 'sha256 of the body', span: BODY, start: () => hashes(expected) },
          { what: 'sha256 of nothing', span: { start: 0, end: 0 }, start: () => hashes(sha256Of(Buffer.alloc(0))) },
        ],
        signatures: [
          {
            what: 'a signature of its own',
            over: { start: 0, end: 4 } satisfies Span,
            strength: 'legacy',
            start: ([key]) => ({ update: () => undefined, finish: () => ({ kind: 'verified', keyId: key!.keyId }) }),
          },
        ],
        unsigned: [{ span: { start: 26, end: 31 }, why: 'it is the tail' }],
      },
    }),
  }
}

function hashes(expected: string) {
  const hash = createHash('sha256')
  return { update: (piece: Uint8Array) => void hash.update(piece), finish: () => hash.digest('hex') === expected }
}

const asked = { declaredFormat: null, signatures: [SIGNATURE], keys: [KEY], now: 0 }

it('finds the digest, what the image states, and every signature, in one pass', async () => {
  const { image, passes } = counted(IMAGE)
  expect(await examineImage(image, { ...asked, parsers: [bodyFormat(IMAGE)] })).toEqual({
    measured: { size: IMAGE.length, sha256: sha256Of(IMAGE) },
    parsed: {
      kind: 'parsed',
      format: 'swupdate',
      facts: { ...NO_FACTS, version: '2.0' },
      unsigned: [{ span: { start: 26, end: 31 }, why: 'it is the tail' }],
    },
    digests: [
      { what: 'sha256 of the body', holds: true },
      { what: 'sha256 of nothing', holds: true },
    ],
    detached: [{ algorithm: 'ecdsa_p256_sha256', outcome: { kind: 'verified', keyId: KEY.keyId } }],
    embedded: [{ what: 'a signature of its own', strength: 'legacy', outcome: { kind: 'verified', keyId: KEY.keyId } }],
  })
  expect(passes).toEqual([IMAGE.length])
})

it('says which digest does not hold', async () => {
  const bent = Buffer.from(IMAGE)
  bent[8]! ^= 1
  const { digests } = await examineImage(counted(bent).image, { ...asked, parsers: [bodyFormat(IMAGE)] })
  expect(digests.map(({ holds }) => holds)).toEqual([false, true])
})

it('measures and checks an image whose format it refuses all the same', async () => {
  const findings = await examineImage(counted(IMAGE).image, { ...asked, declaredFormat: 'fit' })
  expect(findings).toMatchObject({
    measured: { sha256: sha256Of(IMAGE) },
    parsed: { kind: 'refused', code: 'format_mismatch' },
    detached: [{ outcome: { kind: 'verified' } }],
  })
})

it('crosses threads: what it finds is plain data', async () => {
  const findings = await examineImage(counted(IMAGE).image, { ...asked, parsers: [bodyFormat(IMAGE)] })
  expect(structuredClone(findings)).toEqual(findings)
})
