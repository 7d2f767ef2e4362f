import { createSecretKey } from 'node:crypto'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { checkNonce, issueNonce, readNonce } from './index.ts'

const SECRET = 'one secret for all replicas'
const NOW = 1_795_000_000_000
const RANDOM = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const MAX_AGE = 60_000

describe('a nonce', () => {
  const nonce = issueNonce(SECRET, NOW, RANDOM)

  it('is good on every replica until it is too old, then stale', () => {
    expect(checkNonce(SECRET, nonce, NOW, MAX_AGE)).toBe('good')
    expect(checkNonce(SECRET, nonce, NOW + MAX_AGE, MAX_AGE)).toBe('good')
    expect(checkNonce(SECRET, nonce, NOW + MAX_AGE + 1, MAX_AGE)).toBe('stale')
  })

  it('from a replica whose clock is ahead is good', () => {
    expect(checkNonce(SECRET, nonce, NOW - 5_000, MAX_AGE)).toBe('good')
  })

  it('is known by its randomness, and for how long it will be good', () => {
    const read = readNonce(SECRET, nonce, NOW + 1_000, MAX_AGE)
    expect(read).toEqual({ kind: 'good', id: '0102030405060708', leftMs: MAX_AGE - 1_000 })
    expect(readNonce(createSecretKey(Buffer.from(SECRET)), nonce, NOW + 1_000, MAX_AGE)).toEqual(read)
  })

  it('of another secret is foreign, however old', () => {
    expect(checkNonce('another', nonce, NOW, MAX_AGE)).toBe('foreign')
    expect(checkNonce('another', nonce, NOW + 10 * MAX_AGE, MAX_AGE)).toBe('foreign')
  })

  it('cannot be made younger, nor changed anywhere', () => {
    fc.assert(
      fc.property(fc.nat(nonce.length - 1), fc.constantFrom(...'0123456789abcdef.z'.split('')), (at, char) => {
        fc.pre(nonce[at] !== char)
        const forged = nonce.slice(0, at) + char + nonce.slice(at + 1)
        expect(checkNonce(SECRET, forged, NOW, MAX_AGE)).toBe('foreign')
      }),
    )
  })

  it('is foreign when it is anything else', () => {
    fc.assert(fc.property(fc.string(), (text) => checkNonce(SECRET, text, NOW, MAX_AGE) === 'foreign'))
    expect(checkNonce(SECRET, '', NOW, MAX_AGE)).toBe('foreign')
    expect(checkNonce(SECRET, `${nonce}0`, NOW, MAX_AGE)).toBe('foreign')
  })

  it('differs each time and needs no quoting', () => {
    expect(issueNonce(SECRET, NOW, Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1))).not.toBe(nonce)
    expect(nonce).toMatch(/^[0-9a-z.]+$/)
  })
})
