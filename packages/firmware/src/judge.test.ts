import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EmbeddedFinding, Findings } from './examine-image.ts'
import { NO_FACTS, type ImageFacts } from './formats/image-facts.ts'
import { judge, type Case, type PresentedSignature, type SignatureFailure } from './judge.ts'
import type { TrustKey } from './judge-keys.ts'

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
const carried = (of: PresentedSignature, strength: EmbeddedFinding['strength'] = 'full'): EmbeddedFinding => ({
  what: 'signature of the header',
  strength,
  outcome: of.outcome,
})
const says = (facts: Partial<ImageFacts>): Partial<Findings> => ({
  parsed: { kind: 'parsed', format: 'openwrt_sysupgrade', facts: { ...NO_FACTS, ...facts }, unsigned: [] },
})

type Change = Partial<Omit<Case, 'found' | 'declared'>> & {
  readonly found?: Partial<Findings>
  readonly declared?: Partial<Case['declared']>
}
const good = ({ found, declared, ...rest }: Change = {}): Case => ({
  declared: { size: 10, sha256: SHA, version: '2.0', softwareVersions: ['2.0'], boards: null, ...declared },
  fits: [{ oui: '00D09E', productClass: 'IGD' }],
  found: {
    measured: { size: 10, sha256: SHA },
    parsed: { kind: 'parsed', format: 'raw', facts: NO_FACTS, unsigned: [] },
    digests: [],
    detached: [by(A)],
    embedded: [],
    ...found,
  },
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
  expect(codes(good({ found: { detached: [] } }))).toEqual(['unsigned'])
})

it('does not count a signature where a revoked key stands between the signer and the image', () => {
  const through: PresentedSignature = { algorithm: 'ucert', outcome: { kind: 'verified', keyId: A, through: [B] } }
  expect(codes(good({ found: { detached: [through] } }))).toEqual([])
  expect(codes(good({ found: { detached: [through] }, keys: [key(A), key(B)] }))).toEqual([])
  expect(codes(good({ found: { detached: [through] }, keys: [key(A), key(B, { revoked: true })] }))).toEqual([
    'key_revoked',
    'too_few_keys',
  ])
})

it('names every failed check, not only the first', () => {
  const the = good({
    found: { measured: { size: 9, sha256: '2'.repeat(64) }, detached: [bad('signature_invalid')] },
  })
  expect(codes(the)).toEqual(['size_mismatch', 'digest_mismatch', 'signature_invalid', 'too_few_keys'])
  expect(judge(the).checks.map((check) => check.passed)).toEqual([false, false, true, true, false])
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
    const verdict = judge(good({ found: { detached: [by(A), by(B)] }, keys: [key(A), key(B, { revoked: true })] }))
    expect(verdict.trusted).toBe(true)
    expect(verdict.checks.at(-1)).toMatchObject({ passed: false, keyId: B })
  })
})

it('rejects a false signature even beside a good one', () => {
  for (const code of ['signature_invalid', 'signature_malformed', 'algorithm_not_supported', 'key_unknown'] as const) {
    expect(codes(good({ found: { detached: [by(A), bad(code)] } }))).toEqual([code])
  }
})

it('counts two signatures by one key once', () => {
  expect(codes(good({ found: { detached: [by(A), by(A)], embedded: [carried(by(A))] }, requiredKeys: 2 }))).toEqual([
    'too_few_keys',
  ])
  expect(
    judge(good({ found: { detached: [by(A)], embedded: [carried(by(B))] }, keys: [key(A), key(B)], requiredKeys: 2 }))
      .trusted,
  ).toBe(true)
})

it('counts a key once, whether it signed by itself or under authorities that are in the store too', () => {
  const C = 'c'.repeat(16)
  const under = (keyId: string): PresentedSignature => ({
    algorithm: 'cms',
    outcome: { kind: 'verified', keyId, through: [C] },
  })
  const keys = [key(A), key(B), key(C)]
  const of = (detached: PresentedSignature[], requiredKeys: number) =>
    codes(good({ found: { detached }, keys, requiredKeys }))
  expect(of([under(A), by(C)], 2)).toEqual(['too_few_keys'])
  expect(of([under(A), under(B)], 2)).toEqual(['too_few_keys'])
  expect(of([under(A), by(A)], 2)).toEqual(['too_few_keys'])
  expect(of([under(A), by(B)], 2)).toEqual([])
  expect(of([under(A), under(B), by(C)], 2)).toEqual(['too_few_keys'])
  // What the one that counts stands in the way of is not what came first, but what needs more keys.
  expect(of([under(A), by(A), by(C)], 2)).toEqual([])
})

it('asks for one key even when told to ask for none', () => {
  expect(judge(good({ keys: [], requiredKeys: 0 })).trusted).toBe(false)
})

it('rejects an empty image and one that names no model', () => {
  expect(codes(good({ declared: { size: 0 }, found: { measured: { size: 0, sha256: SHA } } }))).toEqual(['image_empty'])
  expect(codes(good({ fits: [] }))).toEqual(['model_missing'])
})

it('names the keys that vouch, and nobody else', () => {
  const found = { detached: [by(A), by(B)] }
  expect(judge(good({ found, keys: [key(A), key(B, { revoked: true })] })).vouchers).toEqual([
    { keyId: A, through: [] },
  ])
})

describe('a signature that the image carries', () => {
  it('counts like one that came beside it', () => {
    expect(judge(good({ found: { detached: [], embedded: [carried(by(A))] } })).trusted).toBe(true)
    expect(codes(good({ found: { embedded: [carried(bad('signature_invalid'))] } }))).toEqual(['signature_invalid'])
  })

  it('by a key that nobody took into the store says nothing beside enough others, and is not enough', () => {
    const unknown = carried(bad('key_unknown'))
    expect(judge(good({ found: { embedded: [unknown] } })).trusted).toBe(true)
    expect(codes(good({ found: { detached: [], embedded: [unknown] } }))).toEqual(['key_unknown', 'too_few_keys'])
  })

  it('by a hash that can be forged never suffices, and does no harm beside enough others', () => {
    const legacy = carried(by(A), 'legacy')
    expect(codes(good({ found: { detached: [], embedded: [legacy] } }))).toEqual(['signature_legacy', 'too_few_keys'])
    expect(judge(good({ found: { embedded: [legacy] } })).trusted).toBe(true)
    expect(codes(good({ found: { embedded: [carried(bad('signature_invalid'), 'legacy')] } }))).toEqual([
      'signature_invalid',
    ])
  })
})

describe('what the image says of itself', () => {
  it('is held against its own bytes: a digest that does not hold is a reason, whoever signed', () => {
    const digests = [
      { what: 'crc32 of the header', holds: true },
      { what: 'sha256 of rootfs', holds: false },
    ]
    expect(judge(good({ found: { digests } })).reasons).toEqual([
      { code: 'digest_stated_mismatch', detail: 'sha256 of rootfs: the bytes are not those it is of' },
    ])
  })

  it('has to be a format that can be read', () => {
    const parsed = { kind: 'refused', code: 'format_truncated', detail: 'it ends within its header' } as const
    expect(judge(good({ found: { parsed } })).reasons).toEqual([
      { code: 'format_truncated', detail: 'it ends within its header' },
    ])
  })

  it('has to be the version it was brought in as, or one that devices report', () => {
    const found = says({ version: '23.05.3' })
    expect(codes(good({ found }))).toEqual(['version_mismatch'])
    expect(judge(good({ found, declared: { version: '23.05.3' } })).trusted).toBe(true)
    expect(judge(good({ found, declared: { softwareVersions: ['2.0', '23.05.3'] } })).trusted).toBe(true)
  })

  it('has to name every board it was brought in for, and may name more', () => {
    const fits = [{ oui: '00D09E', productClass: 'IGD', hardwareVersions: ['v1', 'v2'] }]
    const found = says({ boards: ['v1', 'v3'] })
    expect(codes(good({ found, fits }))).toEqual(['board_mismatch'])
    expect(judge(good({ found: says({ boards: ['v1', 'v2', 'v3'] }), fits })).trusted).toBe(true)
  })

  it('is held against the boards by its own names, where the operator gave them', () => {
    const fits = [{ oui: '00D09E', productClass: 'IGD', hardwareVersions: ['rev. B'] }]
    const found = says({ boards: ['acme,router-1'] })
    expect(judge(good({ found, fits, declared: { boards: ['acme,router-1'] } })).trusted).toBe(true)
    expect(codes(good({ found, fits, declared: { boards: ['acme,router-2'] } }))).toEqual(['board_mismatch'])
  })

  it('is told where nobody named a board to hold it against', () => {
    const { trusted, checks } = judge(good({ found: says({ boards: ['acme,router-1'] }) }))
    expect(trusted).toBe(true)
    expect(checks.find(({ check }) => check === 'board')?.detail).toContain('acme,router-1')
  })
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
      (keys, detached) => {
        const signers = detached.map((s) =>
          s.outcome.kind === 'verified'
            ? keys.find((k) => k.keyId === (s.outcome as { keyId: string }).keyId)
            : undefined,
        )
        const vouched = signers.some((k) => k !== undefined && inForce(k))
        const lied = signers.some((k) => k === undefined)
        const verdict = judge(good({ keys, found: { detached } }))
        expect(verdict.trusted).toBe(vouched && !lied)
        expect(verdict.trusted).toBe(verdict.reasons.length === 0)
      },
    ),
  )
})
