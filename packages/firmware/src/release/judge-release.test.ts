import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Signer, STATEMENT, signedBy, someSigner } from '../testing/some-release.ts'
import { judgeRelease } from './judge-release.ts'
import { readRelease, withSignature, writeEnvelope } from './release-envelope.ts'

const NOW = Date.parse('2026-11-30T00:00:00Z')
const ann = someSigner()
const bob = someSigner({}, generateKeyPairSync('ec', { namedCurve: 'prime256v1' }))
const all = [ann, bob]

function verdictOn(text: string, keys: readonly Signer[], requiredKeys = 1, now = NOW): string[] {
  const read = readRelease(text)
  if (read.kind === 'refused') return [read.code]
  const judged = judgeRelease({ release: read, keys, requiredKeys, now })
  return judged.kind === 'accepted' ? [] : judged.reasons.map(({ code }) => code)
}
const written = (signers: readonly Signer[], more = {}) =>
  writeEnvelope(signedBy(signers, { ...STATEMENT, ...more }).envelope)

describe('a signed release', () => {
  it('is read as it was written, under the id of its statement whoever signed it', () => {
    const release = signedBy(all)
    expect(readRelease(writeEnvelope(release.envelope))).toEqual({ kind: 'read', ...release })
    expect(signedBy([ann]).releaseId).toBe(release.releaseId)
    expect(signedBy([ann], { ...STATEMENT, counter: 13 }).releaseId).not.toBe(release.releaseId)
  })

  it('holds while enough keys in force vouch for it', () => {
    expect(verdictOn(written([ann]), all)).toEqual([])
    expect(verdictOn(written(all), all, 2)).toEqual([])
    expect(verdictOn(written([ann]), all, 2)).toEqual(['too_few_keys'])
    expect(verdictOn(written([]), all)).toEqual(['unsigned'])
  })

  it('counts a key once, however often its signature is there', () => {
    const { envelope } = signedBy([ann])
    const twice = { ...envelope, signatures: [...envelope.signatures, ...envelope.signatures] }
    expect(verdictOn(writeEnvelope(twice), all, 2)).toEqual(['too_few_keys'])
  })

  it.each([
    ['revoked', { revoked: true }],
    ['there for images alone', { purposes: ['image' as const] }],
    ['agreed to by one person of two', { approved: false }],
    ['expired', { validUntil: NOW }],
    ['not valid yet', { validFrom: NOW + 1 }],
    ['for another vendor', { ouis: ['FFFFFF'] }],
  ])('does not count a key that is %s, and takes no harm by it', (_, trust) => {
    const keys = [{ ...ann, trust: { ...ann.trust, ...trust } }, bob]
    expect(verdictOn(written([ann]), keys)).toEqual(['too_few_keys'])
    expect(verdictOn(written(all), keys)).toEqual([])
  })

  it('needs keys for every one of its models', () => {
    const models = [...STATEMENT.models, { oui: 'FFFFFF', productClass: 'x' }]
    const keys = [{ ...ann, trust: { ...ann.trust, ouis: ['00D09E'] } }]
    expect(verdictOn(written([ann]), keys)).toEqual([])
    expect(verdictOn(written([ann], { models }), keys)).toEqual(['too_few_keys'])
  })

  it('is refused with a signature by a key nobody knows, or by none of that name', () => {
    expect(verdictOn(written([ann, bob]), [ann])).toEqual(['key_unknown'])
    const { envelope } = signedBy([ann])
    const [signature] = envelope.signatures
    const misnamed = withSignature(envelope, { keyid: bob.publicKey.keyId, sig: signature!.sig })
    expect(verdictOn(writeEnvelope(misnamed), all)).toEqual(['signature_invalid'])
  })

  it('request 23: is over at the moment it expires', () => {
    const expires = Date.parse(STATEMENT.expires)
    expect(verdictOn(written([ann]), all, 1, expires - 1)).toEqual([])
    expect(verdictOn(written([ann]), all, 1, expires)).toEqual(['release_expired'])
  })

  it.each([
    ['Ed25519', ann],
    ['ECDSA', bob],
  ])('is refused with any bit flipped, signed with %s', (_, signer) => {
    const bytes = Buffer.from(written([signer]))
    const accepted: number[] = []
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      if (verdictOn(changed.toString('utf8'), all).length === 0) accepted.push(bit)
    }
    expect(accepted).toEqual([])
  })

  it.each<[what: string, change: (envelope: Record<string, unknown>) => unknown]>([
    ['is of another type', (one) => ({ ...one, payloadType: 'application/json' })],
    ['has a field that is not known', (one) => ({ ...one, comment: 'hi' })],
    ['has no signatures', ({ payloadType, payload }) => ({ payloadType, payload })],
    ['has too many signatures', (one) => ({ ...one, signatures: Array(9).fill((one['signatures'] as unknown[])[0]) })],
    ['is no object', () => []],
    ['spells base64 in another way', (one) => ({ ...one, payload: `${String(one['payload'])}=` })],
  ])('is refused as an envelope where it %s', (_, change) => {
    const envelope = JSON.parse(written([ann])) as Record<string, unknown>
    expect(readRelease(JSON.stringify(change(envelope)))).toMatchObject({ code: 'envelope_malformed' })
  })

  it('is refused unread where it is longer than any release', () => {
    expect(readRelease(' '.repeat(1e6))).toMatchObject({ code: 'envelope_too_long' })
  })
})
