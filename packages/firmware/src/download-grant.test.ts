import fc from 'fast-check'
import { expect, it } from 'vitest'
import { mintGrant, readGrant, type DownloadGrant } from './download-grant.ts'
import { bytesToUlid, ulidToBytes } from './ulid-bytes.ts'

const KEY = Buffer.alloc(32, 1)
const OTHER = Buffer.alloc(32, 2)
const ulid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytesToUlid)
const anyGrant: fc.Arbitrary<DownloadGrant> = fc.record({
  attemptId: ulid.map((id) => `fw${id}`),
  upgradeId: ulid.map((id) => `upg_${id}`),
  campaignId: ulid.map((id) => `cmp_${id}`),
  artifactId: ulid.map((id) => `art_${id}`),
  sha256: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  expiresAt: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
})
const [GRANT] = fc.sample(anyGrant, { numRuns: 1, seed: 7 }) as [DownloadGrant]
const tokenOf = (path: string) => path.split('/')[2]!

it('reads back exactly what was minted, until the second it expires', () => {
  fc.assert(
    fc.property(anyGrant, (grant) => {
      const minted = mintGrant(grant, KEY)
      expect(readGrant(grant.attemptId, tokenOf(minted.path), [KEY], grant.expiresAt - 1)).toEqual({
        kind: 'granted',
        grant,
        password: minted.password,
      })
      expect(readGrant(grant.attemptId, tokenOf(minted.path), [KEY], grant.expiresAt)).toEqual({
        kind: 'expired',
        grant,
      })
    }),
  )
})

it('refuses a token with any one character changed', () => {
  const token = tokenOf(mintGrant(GRANT, KEY).path)
  fc.assert(
    fc.property(
      fc.nat({ max: token.length - 1 }),
      fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '-', '_'),
      (at, character) => {
        fc.pre(token[at] !== character)
        const bent = token.slice(0, at) + character + token.slice(at + 1)
        expect(readGrant(GRANT.attemptId, bent, [KEY], 0).kind).toBe('refused')
      },
    ),
  )
})

it('does not let one attempt use the token of another, nor another key', () => {
  const token = tokenOf(mintGrant(GRANT, KEY).path)
  const another = 'fw' + bytesToUlid(new Uint8Array(16).fill(9))
  expect(readGrant(another, token, [KEY], 0)).toEqual({ kind: 'refused', code: 'forged' })
  expect(readGrant(GRANT.attemptId, token, [OTHER], 0)).toEqual({ kind: 'refused', code: 'forged' })
})

it('still believes the key before the current one', () => {
  const token = tokenOf(mintGrant(GRANT, OTHER).path)
  expect(readGrant(GRANT.attemptId, token, [KEY, OTHER], 0).kind).toBe('granted')
})

it('gives each attempt a password of its own, which the token does not show', () => {
  const one = mintGrant(GRANT, KEY)
  const two = mintGrant({ ...GRANT, attemptId: 'fw' + bytesToUlid(new Uint8Array(16).fill(9)) }, KEY)
  expect(one.password).toMatch(/^[A-Za-z0-9_-]{22}$/)
  expect(one.password).not.toBe(two.password)
  expect(one.path).not.toContain(one.password)
})

it('leaves room in the 256 characters of a Download URL (TR-069 A.3.2.8)', () => {
  const url = `https://firmware-files.access.example.net:7549/${mintGrant(GRANT, KEY).path}/${'n'.repeat(24)}.bin`
  expect(url.length).toBeLessThanOrEqual(256)
})

it('refuses hostile paths without throwing', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (attempt, token) => readGrant(attempt, token, [KEY], 0).kind === 'refused'),
  )
})

it('mints nothing with a short key or with ids of another shape', () => {
  expect(() => mintGrant(GRANT, Buffer.alloc(16))).toThrow(RangeError)
  expect(() => mintGrant({ ...GRANT, campaignId: GRANT.artifactId }, KEY)).toThrow(RangeError)
  expect(() => mintGrant({ ...GRANT, sha256: '../etc/passwd' }, KEY)).toThrow(RangeError)
})

it('writes a ULID as its 16 bytes and back', () => {
  expect(ulidToBytes('7ZZZZZZZZZZZZZZZZZZZZZZZZZ')).toEqual(new Uint8Array(16).fill(255))
  expect(ulidToBytes('80000000000000000000000000')).toBeNull()
  expect(bytesToUlid(ulidToBytes('01ARZ3NDEKTSV4RRFFQ69G5FAV')!)).toBe('01ARZ3NDEKTSV4RRFFQ69G5FAV')
})
