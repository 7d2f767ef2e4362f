import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  answerChallenge,
  basicChallenge,
  constantTimeEqual,
  digestChallenge,
  ha1,
  parseAuthorization,
  verifyBasic,
  verifyDigest,
  type DigestAuthorization,
} from './index.ts'

function digestOf(header: string): DigestAuthorization {
  const authorization = parseAuthorization(header)
  if (authorization.kind !== 'digest') throw new Error(authorization.kind)
  return authorization
}

// The worked example of RFC 2617 3.5.
const EXAMPLE =
  'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
const SECRET = ha1('Mufasa', 'testrealm@host.com', 'Circle Of Life')

describe('a digest answer', () => {
  it('of the RFC is verified', () => {
    expect(SECRET).toBe('939e7578ed9e3c518a452acee763bce9')
    expect(verifyDigest({ authorization: digestOf(EXAMPLE), method: 'GET', ha1: SECRET })).toBe(true)
  })

  it('without qop is verified in the form of RFC 2069', () => {
    const header =
      'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", response="670fd8c2df070c60b045671b8b24ff02"'
    expect(verifyDigest({ authorization: digestOf(header), method: 'GET', ha1: SECRET })).toBe(true)
  })

  it('may be written in capital hexadecimal digits', () => {
    const header = EXAMPLE.replace('6629fae49393a05397450978507c4ef1', '6629FAE49393A05397450978507C4EF1')
    expect(verifyDigest({ authorization: digestOf(header), method: 'GET', ha1: SECRET })).toBe(true)
  })

  it('is refused when anything that was hashed differs', () => {
    const authorization = digestOf(EXAMPLE)
    const changed: readonly (readonly [string, Partial<DigestAuthorization>])[] = [
      ['nonce', { nonce: 'other' }],
      ['uri', { uri: '/dir/index.html?' }],
      ['nc', { nc: '00000002' }],
      ['cnonce', { cnonce: 'other' }],
      ['qop left out', { qop: null }],
      ['response cut', { response: '6629fae4' }],
      ['response empty', { response: '' }],
    ]
    for (const [what, change] of changed) {
      expect(verifyDigest({ authorization: { ...authorization, ...change }, method: 'GET', ha1: SECRET }), what).toBe(
        false,
      )
    }
    expect(verifyDigest({ authorization, method: 'POST', ha1: SECRET })).toBe(false)
    expect(verifyDigest({ authorization, method: 'GET', ha1: ha1('Mufasa', 'testrealm@host.com', 'circle') })).toBe(
      false,
    )
    expect(verifyDigest({ authorization, method: 'GET', ha1: ha1('Mufasa', 'other', 'Circle Of Life') })).toBe(false)
  })
})

describe('a basic answer', () => {
  it('is verified against the same stored secret as digest', () => {
    const authorization = { kind: 'basic', username: 'u', password: 'pä:ss' } as const
    const stored = ha1('u', 'acs', 'pä:ss')
    expect(verifyBasic({ authorization, ha1: stored, realm: 'acs' })).toBe(true)
    expect(verifyBasic({ authorization: { ...authorization, password: 'pass' }, ha1: stored, realm: 'acs' })).toBe(
      false,
    )
    expect(verifyBasic({ authorization: { ...authorization, username: 'v' }, ha1: stored, realm: 'acs' })).toBe(false)
    expect(verifyBasic({ authorization, ha1: stored, realm: 'other' })).toBe(false)
    expect(verifyBasic({ authorization, ha1: '', realm: 'acs' })).toBe(false)
  })
})

describe('challenges', () => {
  it('ask for qop auth and MD5, and say when only the nonce was old', () => {
    expect(digestChallenge({ realm: 'acs', nonce: 'n' })).toBe(
      'Digest realm="acs", qop="auth", algorithm=MD5, nonce="n"',
    )
    expect(digestChallenge({ realm: 'acs', nonce: 'n', stale: true })).toMatch(/, stale=true$/)
    expect(basicChallenge({ realm: 'acs' })).toBe('Basic realm="acs"')
  })

  it('cannot be broken out of by their realm', () => {
    expect(basicChallenge({ realm: 'a"b\r\nSet-Cookie: x\\' })).toBe('Basic realm="a\\"bSet-Cookie: x\\\\"')
  })
})

describe('the client side', () => {
  const input = { method: 'GET', uri: '/cr?id=1', username: 'u', password: 'p', cnonce: 'c', nc: 1 }

  it('answers the RFC example as the RFC does', () => {
    const answer = answerChallenge({
      challenges:
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
      method: 'GET',
      uri: '/dir/index.html',
      username: 'Mufasa',
      password: 'Circle Of Life',
      cnonce: '0a4f113b',
      nc: 1,
    })
    expect(answer).toMatchObject({ kind: 'answer', scheme: 'digest' })
    expect(digestOf(answer.kind === 'answer' ? answer.authorization : '')).toEqual(digestOf(EXAMPLE))
  })

  it('sends no qop, nc and cnonce where none was asked for', () => {
    const answer = answerChallenge({ ...input, challenges: 'Digest realm="r", nonce="n"' })
    expect(answer.kind === 'answer' && answer.authorization).not.toMatch(/qop|nc=|cnonce/)
  })

  it('reads a challenge without commas, with its value folded over lines', () => {
    const answer = answerChallenge({
      ...input,
      challenges: 'Digest qop="auth"\n nonce="n"\n opaque=""\n realm="cwmpd"',
    })
    expect(answer).toMatchObject({ kind: 'answer', scheme: 'digest' })
  })

  it('prefers digest, falls back to basic, and answers nothing else', () => {
    const challenges = ['Basic realm="r"', 'Digest realm="r", nonce="n", qop="auth"']
    expect(answerChallenge({ ...input, challenges })).toMatchObject({ scheme: 'digest' })
    expect(answerChallenge({ ...input, challenges: 'Basic realm="r"' })).toEqual({
      kind: 'answer',
      scheme: 'basic',
      authorization: 'Basic dTpw',
    })
    expect(answerChallenge({ ...input, challenges: 'Negotiate' })).toEqual({ kind: 'unsupported' })
    expect(answerChallenge({ ...input, challenges: 'Digest realm="r", nonce="n", qop="auth-int"' })).toEqual({
      kind: 'unsupported',
    })
    expect(answerChallenge({ ...input, challenges: 'Digest realm="r", nonce="n", algorithm=SHA-256' })).toEqual({
      kind: 'unsupported',
    })
  })

  it('is verified by the server side, whatever the names and passwords', () => {
    const word = fc.string({ maxLength: 40 }).filter((value) => /^[\x20-\x7e]*$/.test(value))
    fc.assert(
      fc.property(word, word, word, word, fc.nat(), (username, password, realm, uri, nc) => {
        const challenges = digestChallenge({ realm, nonce: 'nonce' })
        const answer = answerChallenge({ challenges, method: 'POST', uri, username, password, cnonce: 'c', nc })
        if (answer.kind !== 'answer') throw new Error('no answer')
        const authorization = digestOf(answer.authorization)
        expect(authorization).toMatchObject({ username, realm, uri })
        expect(verifyDigest({ authorization, method: 'POST', ha1: ha1(username, realm, password) })).toBe(true)
        expect(verifyDigest({ authorization, method: 'POST', ha1: ha1(username, realm, `${password}x`) })).toBe(false)
      }),
    )
  })
})

describe('constantTimeEqual', () => {
  it('says what === says', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => constantTimeEqual(a, b) === (a === b) && constantTimeEqual(a, a)),
    )
  })
})

const captures = join(process.env['SLUICE_FIXTURES'] ?? '', 'client-captures')
const absent = (process.env['SLUICE_FIXTURES'] ?? '') === '' || !existsSync(captures)

describe.skipIf(absent)('captures of client programs (needs SLUICE_FIXTURES with client-captures/)', () => {
  const headers = absent
    ? []
    : readdirSync(captures).flatMap((client) =>
        readdirSync(join(captures, client)).flatMap((name) => {
          const text = readFileSync(join(captures, client, name), 'latin1')
          const header = /^authorization: *(.*?)\r?$/im.exec(text)?.[1]
          const method = text.slice(0, text.indexOf(' '))
          return header === undefined ? [] : [[`${client} ${name}`, method, header] as const]
        }),
      )

  it.each(headers)('%s: its authorization is readable', (_name, _method, header) => {
    expect(['digest', 'basic']).toContain(parseAuthorization(header).kind)
  })

  it('of digest clients verify with the password they were given', () => {
    // netcwmp hashes something else than the values it sends (its uri is empty): it only works without digest.
    const digests = headers.filter(([name, , header]) => header.startsWith('Digest') && !name.startsWith('netcwmp'))
    expect(digests.length).toBeGreaterThan(10)
    const secret = ha1('cwmp', 'acs', 'cwmp')
    for (const [name, method, header] of digests) {
      expect(verifyDigest({ authorization: digestOf(header), method, ha1: secret }), name).toBe(true)
    }
  })
})
