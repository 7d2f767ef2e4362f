import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readChallenges } from './read-challenges.ts'
import { MAX_RESPONSE_BYTES, readResponse } from './read-response.ts'

test.each([
  [
    'several challenges in one header',
    ['Basic realm="a, Digest b", Digest realm="c", nonce="d"'],
    ['Basic realm="a, Digest b"', 'Digest realm="c", nonce="d"'],
  ],
  [
    'blanks for commas',
    ['Digest qop="auth" nonce="n" opaque="" realm="r"'],
    ['Digest qop="auth", nonce="n", opaque="", realm="r"'],
  ],
  ['semicolons, no quotes, odd case', ['DIGEST Realm=r;NONCE=n'], ['DIGEST realm="r", nonce="n"']],
  ['a quote that never ends', ['Digest realm="r", nonce="n'], ['Digest realm="r", nonce="n"']],
  ['a parameter twice: the first', ['Digest nonce="a", realm="r", nonce="b"'], ['Digest nonce="a", realm="r"']],
  ['no blank behind a comma, an empty parameter', ['Digest realm="r",,nonce="n",'], ['Digest realm="r", nonce="n"']],
  ['a scheme alone', ['Negotiate', 'Basic'], ['Negotiate', 'Basic']],
  ['an algorithm that is no token', ['Digest algorithm="MD5, x=y", nonce="n"'], ['Digest nonce="n"']],
  ['nothing', ['', ',,,'], []],
] as const)('challenges are read: %s', (_name, headers, expected) => expect(readChallenges(headers)).toEqual(expected))

test('whatever bytes come, reading ends with an answer, and never looks beyond 16 KiB', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, ended) => {
      expect(['response', 'more', 'malformed']).toContain(readResponse(Buffer.from(bytes), ended).kind)
    }),
  )
  const endless = Buffer.from(`HTTP/1.1 200 OK\r\n${'a'.repeat(MAX_RESPONSE_BYTES)}`)
  expect(readResponse(endless).kind).toBe('malformed')
})

test('long hostile challenges are read before the test times out', () => {
  const hostile = [
    'Digest ' + 'a="'.repeat(5_000),
    `Digest ${' '.repeat(15_000)}=`,
    'basic,'.repeat(2_500),
    `Digest ${'\\"'.repeat(7_000)}`,
  ]
  for (const header of hostile) expect(readChallenges([header]).length).toBeLessThanOrEqual(8)
})
