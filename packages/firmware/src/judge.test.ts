import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  judge,
  vouchingKeys,
  type Case,
  type PresentedSignature,
  type SignatureFailure,
  type TrustKey,
} from './judge.ts'

const A = 'a'.repeat(16)
const B = 'b'.repeat(16)
const SHA = '1'.repeat(64)
const NOW = 1_000_000

const key = (keyId: string, rest: Partial<TrustKey> = {}): TrustKey => ({
  keyId,
  purposes: ['image'],
  ouis: [],
  models: [],
  approved: true,
  validFrom: null,
  validUntil: null,
  revoked: false,
  ...rest,
})
const by = (keyId: string): PresentedSignature => ({ algorithm: 'ed25519', outcome: { kind: 'verified', keyId } })
const bad = (code: SignatureFailure): PresentedSignature => ({
  algorithm: 'ed25519',
  outcome: { kind: 'failed', code },
})
const good = (rest: Partial<Case> = {}): Case => ({
  declared: { size: 10, sha256: SHA },
  measured: { size: 10, sha256: SHA },
  fits: [{ oui: '00D09E', productClass: 'IGD' }],
  signatures: [by(A)],
  keys: [key(A)],
  requiredKeys: 1,
  now: NOW,
  ...rest,
})
const codes = (the: Case) => judge(the).reasons.map((reason) => reason.code)

it('trusts an image whose bytes are the declared ones and which a key in force signed', () => {
  expect(judge(good())).toMatchObject({ trusted: true, reasons: [] })
  expect(judge(good()).checks.at(-1)).toEqual({ check: 'signature', passed: true, keyId: A, detail: `ed25519 by ${A}` })
})

it('never trusts an image without a signature', () => {
  expect(codes(good({ signatures: [] }))).toEqual(['unsigned'])
})

it('names every failed check, not only the first', () => {
  const the = good({ measured: { size: 9, sha256: '2'.repeat(64) }, signatures: [bad('signature_invalid')] })
  expect(codes(the)).toEqual(['size_mismatch', 'digest_mismatch', 'signature_invalid', 'too_few_keys'])
  expect(judge(the).checks.map((check) => check.passed)).toEqual([false, false, true, false])
})

it('does not hold a size and digest against an image that nobody declared', () => {
  expect(judge(good({ declared: { size: null, sha256: null } })).trusted).toBe(true)
})

describe('a key that may not vouch', () => {
  it.each([
    ['unknown', { keys: [] }, 'key_unknown'],
    ['revoked', { keys: [key(A, { revoked: true })] }, 'key_revoked'],
    ['not yet valid', { keys: [key(A, { validFrom: NOW + 1 })] }, 'key_not_yet_valid'],
    ['expired at this very moment', { keys: [key(A, { validUntil: NOW })] }, 'key_expired'],
    ['of another vendor', { keys: [key(A, { ouis: ['FFFFFF'] })] }, 'key_out_of_scope'],
    ['of another model', { keys: [key(A, { models: [{ oui: '00D09E', productClass: 'STB' }] })] }, 'key_out_of_scope'],
    ['that nobody else agreed to', { keys: [key(A, { approved: false })] }, 'key_not_approved'],
    ['for releases alone', { keys: [key(A, { purposes: ['release'] })] }, 'key_not_for_images'],
  ] as const)('%s: rejected with that reason', (_, rest, code) => {
    expect(codes(good(rest))).toEqual([code, 'too_few_keys'])
  })

  it('has to cover the vendor of every model, not of one of them', () => {
    const fits = [
      { oui: '00D09E', productClass: 'IGD' },
      { oui: '001122', productClass: 'IGD' },
    ]
    expect(codes(good({ fits, keys: [key(A, { ouis: ['00D09E'] })] }))).toContain('key_out_of_scope')
    expect(judge(good({ fits, keys: [key(A, { ouis: ['00D09E', '001122'] })] })).trusted).toBe(true)
  })

  it('does no harm beside one that may, and is still listed among the checks', () => {
    const verdict = judge(good({ signatures: [by(A), by(B)], keys: [key(A), key(B, { revoked: true })] }))
    expect(verdict.trusted).toBe(true)
    expect(verdict.checks.at(-1)).toMatchObject({ passed: false, keyId: B })
  })
})

it('rejects a false signature even beside a good one', () => {
  for (const code of ['signature_invalid', 'signature_malformed', 'algorithm_not_supported', 'key_unknown'] as const) {
    expect(codes(good({ signatures: [by(A), bad(code)] }))).toEqual([code])
  }
})

it('counts two signatures by one key once', () => {
  expect(codes(good({ signatures: [by(A), by(A)], requiredKeys: 2 }))).toEqual(['too_few_keys'])
  expect(judge(good({ signatures: [by(A), by(B)], keys: [key(A), key(B)], requiredKeys: 2 })).trusted).toBe(true)
})

it('asks for one key even when told to ask for none', () => {
  expect(judge(good({ signatures: [by(A)], keys: [], requiredKeys: 0 })).trusted).toBe(false)
})

it('rejects an empty image and one that names no model', () => {
  expect(codes(good({ declared: { size: 0, sha256: SHA }, measured: { size: 0, sha256: SHA } }))).toEqual([
    'image_empty',
  ])
  expect(codes(good({ fits: [] }))).toEqual(['model_missing'])
})

it('tells which of the keys that once vouched still do', () => {
  const keys = [key(A), key(B, { revoked: true })]
  expect([...vouchingKeys(good({ keys }), [A, B, 'gone'])]).toEqual([A])
})

it('trusts nothing without a good signature by a key that is known, in force and in scope', () => {
  const anyKey = fc.record({
    keyId: fc.constantFrom(A, B),
    purposes: fc.constantFrom(['image' as const], ['release' as const]),
    models: fc.constant([]),
    approved: fc.boolean(),
    ouis: fc.constantFrom([], ['00D09E'], ['FFFFFF']),
    validFrom: fc.constantFrom(null, NOW - 1, NOW + 1),
    validUntil: fc.constantFrom(null, NOW - 1, NOW + 1),
    revoked: fc.boolean(),
  })
  const anySignature = fc.constantFrom(by(A), by(B), bad('signature_invalid'))
  const inForce = (k: TrustKey) =>
    k.approved &&
    k.purposes[0] === 'image' &&
    !k.revoked &&
    (k.validFrom ?? 0) <= NOW &&
    NOW < (k.validUntil ?? Infinity) &&
    !k.ouis.includes('FFFFFF')
  fc.assert(
    fc.property(
      fc.uniqueArray(anyKey, { selector: (k) => k.keyId }),
      fc.array(anySignature, { maxLength: 4 }),
      (keys, signatures) => {
        const signers = signatures.map((s) =>
          s.outcome.kind === 'verified'
            ? keys.find((k) => k.keyId === (s.outcome as { keyId: string }).keyId)
            : undefined,
        )
        const vouched = signers.some((k) => k !== undefined && inForce(k))
        const lied = signers.some((k) => k === undefined)
        const verdict = judge(good({ keys, signatures }))
        expect(verdict.trusted).toBe(vouched && !lied)
        expect(verdict.trusted).toBe(verdict.reasons.length === 0)
      },
    ),
  )
})
