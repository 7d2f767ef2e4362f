import { execFileSync } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, read, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE } from '@noble/curves/utils.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { missingTools, publicKey } from '../../test/tools.ts'
import { startSignatureChecks } from './check-signatures.ts'
import type { PublicKey } from './public-key.ts'
import { startEd25519 } from './verify-ed25519.ts'

const IMAGE = Buffer.from('an image, as bytes go')
const absent = missingTools('mkfifo')

it.skipIf(absent.length > 0)(`an image waits for no read that hangs elsewhere ${absent.join()}`, async () => {
  const pair = generateKeyPairSync('ed25519')
  const key = publicKey(pair.publicKey.export({ format: 'pem', type: 'spki' }).toString())
  const value = sign(null, IMAGE, pair.privateKey).toString('base64')
  const checks = startSignatureChecks([{ algorithm: 'ed25519', value }], [key])
  checks.update(IMAGE)
  await whileReadsHang(async () => {
    // What needs no thread of a pool is there before the event loop goes on.
    expect(await Promise.race([checks.finish(), setImmediate('it waits')])).toEqual([
      { algorithm: 'ed25519', outcome: { kind: 'verified', keyId: key.keyId } },
    ])
  })
})

describe('a signature over all that is fed', () => {
  const pair = generateKeyPairSync('ed25519')
  const key = publicKey(pair.publicKey.export({ format: 'pem', type: 'spki' }).toString())
  const other = publicKey(generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }).toString())

  const streamed = async (message: Uint8Array, signature: Uint8Array, cuts: readonly number[]) => {
    const run = startEd25519(signature, [other, key])
    let at = 0
    for (const cut of [...cuts, message.length]) {
      run.update(message.subarray(at, at + cut))
      at = Math.min(at + cut, message.length)
    }
    return run.finish()
  }
  const bentAt = (bytes: Uint8Array, bit: number) => {
    const bent = Buffer.from(bytes)
    if (bent.length > 0) bent[(bit >> 3) % bent.length]! ^= 1 << (bit & 7)
    return bent
  }

  it('is verified or not as OpenSSL has it that sees the message whole, however that is cut, wherever a bit is bent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }).filter(({ length }) => length !== 64),
        fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 6 }),
        fc.constantFrom('nothing', 'message', 'signature'),
        fc.nat(8 * 300),
        async (signed, cuts, bent, bit) => {
          const good = sign(null, signed, pair.privateKey)
          const message = bent === 'message' ? bentAt(signed, bit) : signed
          const signature = bent === 'signature' ? bentAt(good, bit) : good
          const holds = verify(null, message, pair.publicKey, signature)
          expect(await streamed(message, signature, cuts)).toEqual(
            holds ? { kind: 'verified', keyId: key.keyId } : { kind: 'failed', code: 'signature_invalid' },
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  it('is refused where its S is not below the order of the group (RFC 8032 5.1.7): there would be two for one message', async () => {
    const good = sign(null, IMAGE, pair.privateKey)
    expect(await streamed(IMAGE, good, [])).toMatchObject({ kind: 'verified' })
    const second = Buffer.concat([good.subarray(0, 32), littleEndian(fromLittleEndian(good.subarray(32)) + ORDER)])
    expect(await streamed(IMAGE, second, [])).toEqual({ kind: 'failed', code: 'signature_invalid' })
  })

  it.each([
    ['of order 1', `01${'00'.repeat(31)}`],
    ['of order 2', `ec${'ff'.repeat(30)}7f`],
    ['of order 4', '00'.repeat(32)],
    ['of order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['that is none', `02${'00'.repeat(31)}`],
  ])('is refused by a point %s: what nobody made would hold over every message', async (_which, point) => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(point, 'hex').toString('base64url') }
    const weak = publicKey(
      createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type: 'spki' }).toString(),
    )
    const nobodys = [
      Buffer.concat([Buffer.from(point, 'hex'), Buffer.alloc(32)]),
      Buffer.concat([BASE.multiply(NONCE).toBytes(), littleEndian(NONCE)]),
    ]
    for (const message of Array.from({ length: 16 }, (_, at) => Buffer.from([at]))) {
      for (const signature of nobodys) {
        const run = startEd25519(signature, [weak])
        run.update(message)
        expect(await run.finish()).toEqual({ kind: 'failed', code: 'signature_invalid' })
      }
    }
  })

  it.each([
    ['honest', HALF, BASE.multiply(HALF), NONCE, BASE.multiply(NONCE), 16],
    ['whose R has a part of small order', HALF, BASE.multiply(HALF), NONCE, BASE.multiply(NONCE).add(SMALL), 0],
    ['whose R is of small order', HALF, BASE.multiply(HALF), 0n, ZERO, 0],
    ['by a key with a part of small order', HALF, BASE.multiply(HALF).add(SMALL), NONCE, BASE.multiply(NONCE), null],
  ])('holds as OpenSSL has it, of the owner of a key who makes one %s', async (_how, half, key, nonce, r, expected) => {
    const [a, rBytes] = [keyOf(key.toBytes()), r.toBytes()]
    let held = 0
    for (const message of Array.from({ length: 16 }, (_, at) => Buffer.from([at]))) {
      const hashed = createHash('sha512').update(rBytes).update(key.toBytes()).update(message).digest()
      const s = Fn.create(nonce + half * bytesToNumberLE(hashed))
      const signature = Buffer.concat([rBytes, littleEndian(s)])
      const run = startEd25519(signature, [a])
      run.update(message)
      const { kind } = await run.finish()
      expect(kind).toBe(verify(null, message, a.key, signature) ? 'verified' : 'failed')
      if (kind === 'verified') held += 1
    }
    if (expected !== null) expect(held).toBe(expected)
  })

  it('is that of RFC 8032 7.1, tests 1 to 3', async () => {
    for (const { secret, message, signature } of RFC_8032) {
      const pem = createPublicKey(privateKeyOf(secret)).export({ format: 'pem', type: 'spki' }).toString()
      const run = startEd25519(Buffer.from(signature, 'hex'), [publicKey(pem)])
      run.update(Buffer.from(message, 'hex'))
      expect(await run.finish()).toMatchObject({ kind: 'verified' })
    }
  })
})

const { BASE, ZERO, Fn } = ed25519.Point
/** The other half of a key, and a nonce, as numbers. */
const [HALF, NONCE] = [123_456_789_012_345_678_901_234_567_890n, 77n]
/** A point of order 8. */
const SMALL = ed25519.Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')

function keyOf(point: Uint8Array): PublicKey {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(point).toString('base64url') }
  return publicKey(createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type: 'spki' }).toString())
}

/** Of the group that the base point makes (RFC 8032 5.1). */
const ORDER = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n

const RFC_8032 = [
  {
    secret: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    secret: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    secret: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
]

/** PKCS #8 of Ed25519 (RFC 8410 7): what stands before the 32 bytes is the same for each. */
function privateKeyOf(secret: string) {
  const der = Buffer.from(`302e020100300506032b657004220420${secret}`, 'hex')
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

function littleEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
}

/** The most threads that libuv lets a pool have (docs.libuv.org, "Thread pool work scheduling"). */
const READS = 1_024

/** Reads of a pipe into which nobody has written yet: one for each thread of the pool. */
async function whileReadsHang(act: () => Promise<void>): Promise<void> {
  const pipe = openPipe()
  const reads = Array.from({ length: READS }, () => promisify(read)(pipe, Buffer.alloc(1), 0, 1, null))
  try {
    await act()
  } finally {
    writeSync(pipe, Buffer.alloc(READS))
    await Promise.all(reads)
    closeSync(pipe)
  }
}

/** For reading and writing: neither end waits for the other to be opened. */
function openPipe(): number {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pipe-'))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const pipe = openSync(path, 'r+')
  rmSync(folder, { recursive: true })
  return pipe
}
