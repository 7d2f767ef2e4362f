import fc from 'fast-check'
import { expect, it } from 'vitest'
import { campaignMarkOf, mintGrant, readGrant, type DownloadGrant } from './download-grant.ts'
import { bytesToUlid, ulidToBytes } from './ulid-bytes.ts'

const KEY = Buffer.alloc(32, 1)
const OTHER = Buffer.alloc(32, 2)
const ulid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytesToUlid)
const anyGrant: fc.Arbitrary<DownloadGrant> = fc.record({
  attemptId: ulid.map((id) => `fw${id}`),
  upgradeId: ulid.map((id) => `upg_${id}`),
  campaignMark: ulid.map((id) => campaignMarkOf(`cmp_${id}`)),
  artifactId: ulid.map((id) => `art_${id}`),
  expiresAt: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
})
const [GRANT] = fc.sample(anyGrant, { numRuns: 1, seed: 7 }) as [DownloadGrant]
const tokenOf = (path: string) => path.slice('f/'.length)

it('rule 17: reads back exactly what was minted, until the second it expires', () => {
  fc.assert(
    fc.property(anyGrant, (grant) => {
      const minted = mintGrant(grant, KEY)
      expect(readGrant(tokenOf(minted.path), [KEY], grant.expiresAt - 1)).toEqual({
        kind: 'granted',
        grant,
        password: minted.password,
      })
      expect(readGrant(tokenOf(minted.path), [KEY], grant.expiresAt)).toEqual({
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
        expect(readGrant(bent, [KEY], 0).kind).toBe('refused')
      },
    ),
  )
})

it('does not let one attempt use the token of another, nor another key', () => {
  const another = 'fw' + bytesToUlid(new Uint8Array(16).fill(9))
  const bytes = Buffer.from(tokenOf(mintGrant(GRANT, KEY).path), 'base64url')
  bytes.set(ulidToBytes(another.slice('fw'.length))!, 5)
  expect(readGrant(bytes.toString('base64url'), [KEY], 0)).toEqual({ kind: 'refused', code: 'forged' })
  expect(readGrant(tokenOf(mintGrant(GRANT, KEY).path), [OTHER], 0)).toEqual({ kind: 'refused', code: 'forged' })
})

it('still believes the key before the current one', () => {
  const token = tokenOf(mintGrant(GRANT, OTHER).path)
  expect(readGrant(token, [KEY, OTHER], 0).kind).toBe('granted')
})

it('request 22: gives each attempt a password of its own, which the token does not show', () => {
  const one = mintGrant(GRANT, KEY)
  const two = mintGrant({ ...GRANT, attemptId: 'fw' + bytesToUlid(new Uint8Array(16).fill(9)) }, KEY)
  expect(one.password).toMatch(/^[A-Za-z0-9_-]{22}$/)
  expect(one.password).not.toBe(two.password)
  const shown = Buffer.from(tokenOf(one.path), 'base64url')
  expect(shown.includes(Buffer.from(one.password, 'base64url').subarray(0, 8))).toBe(false)
})

it('has 98 characters: with a base of 43 and a short name it fits a buffer of 150', () => {
  fc.assert(fc.property(anyGrant, (grant) => tokenOf(mintGrant(grant, KEY).path).length === 98))
  const base = 'http://firmware-files.acc.example.net:7549'.padEnd(43, '0')
  expect(`${base}/${mintGrant(GRANT, KEY).path}/f.bin`).toHaveLength(150)
})

it('refuses hostile paths without throwing', () => {
  const long = fc.stringMatching(/^[A-Za-z0-9_-]{98}$/)
  fc.assert(fc.property(fc.oneof(fc.string(), long), (token) => readGrant(token, [KEY], 0).kind === 'refused'))
})

it('marks a campaign by the first 64 bits of the SHA-256 of its id', () => {
  expect(campaignMarkOf('cmp_01ARZ3NDEKTSV4RRFFQ69G5FAV')).toBe('a26e408a81b27bc8')
})

it('mints nothing with a short key or with ids of another shape', () => {
  expect(() => mintGrant(GRANT, Buffer.alloc(16))).toThrow(RangeError)
  expect(() => mintGrant({ ...GRANT, campaignMark: GRANT.artifactId }, KEY)).toThrow(RangeError)
  expect(() => mintGrant({ ...GRANT, artifactId: GRANT.upgradeId }, KEY)).toThrow(RangeError)
  expect(() => mintGrant({ ...GRANT, attemptId: '../etc/passwd' }, KEY)).toThrow(RangeError)
})

it('writes a ULID as its 16 bytes and back', () => {
  expect(ulidToBytes('7ZZZZZZZZZZZZZZZZZZZZZZZZZ')).toEqual(new Uint8Array(16).fill(255))
  expect(ulidToBytes('80000000000000000000000000')).toBeNull()
  expect(bytesToUlid(ulidToBytes('01ARZ3NDEKTSV4RRFFQ69G5FAV')!)).toBe('01ARZ3NDEKTSV4RRFFQ69G5FAV')
})
