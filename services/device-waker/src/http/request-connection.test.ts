import { systemClock } from '@sluice/runtime'
import { afterEach, describe, expect, test } from 'vitest'
import { digestFits, type RawAnswer, type RawCpe, type RawRequest, startRawCpe } from '../testing/raw-cpe.ts'
import { readConnectionRequestUrl } from './connection-request-url.ts'
import { requestConnection } from './request-connection.ts'

const username = 'acs user'
const password = 'pass:"word'
const PATH = '/cr/8f3a?id=1&x=%20y'
const started: RawCpe[] = []

afterEach(async () => {
  await Promise.all(started.splice(0).map((cpe) => cpe.stop()))
})

async function cpeThat(answer: (request: RawRequest, index: number) => RawAnswer, deadlineMs = 10_000) {
  let index = 0
  const cpe = await startRawCpe((request) => answer(request, index++))
  started.push(cpe)
  const wake = (more: { allowBasic?: boolean; password?: string } = {}) =>
    requestConnection(
      {
        url: readConnectionRequestUrl(`http://127.0.0.1:${cpe.port}${PATH}`)!,
        target: { address: '127.0.0.1', family: 4, port: cpe.port },
        credentials: { username, password: more.password ?? password },
        allowBasic: more.allowBasic ?? true,
        deadlineMs,
      },
      systemClock,
    )
  return { cpe, wake }
}

const EMPTY = 'Content-Length: 0\r\n\r\n'
const OK = `HTTP/1.1 200 OK\r\n${EMPTY}`
const OK_ANSWER = { text: OK }

/** A CPE that challenges with `challenge` and takes the right answer to it. */
function digestCpe(shape: {
  readonly challenge: (nonce: string) => string
  readonly realm: string
  readonly ok?: string
  readonly close?: boolean
  readonly nonceOf?: (index: number) => string
}) {
  const nonceOf = shape.nonceOf ?? (() => 'n0')
  return (request: RawRequest, index: number): RawAnswer => {
    const nonce = nonceOf(Math.max(0, index - 1))
    const close = shape.close ?? false
    if (digestFits(request, { username, password, realm: shape.realm, nonce })) return { text: shape.ok ?? OK, close }
    return { text: shape.challenge(nonceOf(index)), close }
  }
}

const ROWS: readonly {
  readonly name: string
  readonly requests: number
  readonly answer: (request: RawRequest, index: number) => RawAnswer
}[] = [
  {
    name: 'listener 1: clean digest, and the connection closed after each answer',
    requests: 2,
    answer: digestCpe({
      realm: 'realm@easycwmp',
      close: true,
      challenge: (nonce) =>
        `HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nWWW-Authenticate: Digest realm="realm@easycwmp",qop="auth",nonce="${nonce}",opaque="328458fab28345ae87ab3210a8513b14"\r\n${EMPTY}`,
      ok: `HTTP/1.1 200 OK\r\nConnection: close\r\n${EMPTY}`,
    }),
  },
  {
    name: 'listener 2: basic, and a chunked 200',
    requests: 2,
    answer: ({ headers }) => {
      const right = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
      if (headers.get('authorization') === right)
        return { text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n' }
      return {
        text: `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="Restricted"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      }
    },
  },
  {
    name: 'listener 3: bare LF, and the challenge folded over five lines',
    requests: 2,
    answer: digestCpe({
      realm: 'cwmpd',
      challenge: (nonce) =>
        `HTTP/1.1 401 Unauthorized\nContent-Length: 0\nWWW-Authenticate: Digest realm="cwmpd",\n qop="auth",\n\tnonce="${nonce}",\n opaque="5ccc069c403ebaf9f0171e9517f40e41",\n algorithm=MD5\n\n`,
      ok: 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
      close: true,
    }),
  },
  {
    name: 'listener 4: parameters separated by blanks, an empty opaque, a new nonce for each request',
    requests: 2,
    answer: digestCpe({
      realm: 'cwmpd',
      nonceOf: (index) => `nonce-${index}`,
      challenge: (nonce) =>
        `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest qop="auth" nonce="${nonce}" opaque="" realm="cwmpd"\r\n${EMPTY}`,
    }),
  },
  {
    name: 'listener 5: no authentication',
    requests: 1,
    answer: () => ({ text: 'HTTP/1.1 200 OK\r\n\r\n', close: true }),
  },
  {
    name: 'reach 1: basic and digest at once, digest is chosen',
    requests: 2,
    answer: digestCpe({
      realm: 'r',
      challenge: (nonce) =>
        `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="r", Digest realm="r", nonce="${nonce}", qop="auth"\r\n${EMPTY}`,
    }),
  },
  {
    name: 'quirk 4: AVM closes the connection after 401 without a word',
    requests: 2,
    answer: (request, index) =>
      digestCpe({
        realm: 'HuaweiHomeGateway',
        close: index === 0,
        challenge: (nonce) =>
          `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="HuaweiHomeGateway",nonce="${nonce}",qop="auth",algorithm="MD5"\r\n${EMPTY}`,
      })(request, index),
  },
  {
    name: 'quirk 5: digest without qop and opaque: no qop, nc or cnonce is sent',
    requests: 2,
    answer: (request, index) => {
      if (index > 0) expect(request.headers.get('authorization')).not.toMatch(/qop|nc=|cnonce|opaque/)
      return digestCpe({
        realm: 'IGD',
        challenge: (nonce) =>
          `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="IGD", nonce="${nonce}"\r\n${EMPTY}`,
      })(request, index)
    },
  },
  {
    name: 'quirk 6: the server closes after 401 although it said keep-alive: one more GET on a new connection',
    requests: 2,
    answer: (request, index) =>
      digestCpe({
        realm: 'r',
        close: index === 0,
        challenge: (nonce) =>
          `HTTP/1.1 401 Unauthorized\r\nConnection: keep-alive\r\nWWW-Authenticate: Digest realm="r", nonce="${nonce}", qop="auth"\r\n${EMPTY}`,
      })(request, index),
  },
  {
    name: 'quirk 7: 204',
    requests: 1,
    answer: () => ({ text: 'HTTP/1.1 204 No Content\r\n\r\n' }),
  },
  {
    name: 'quirk 8: the digest uri holds the query, and of qop "auth,auth-int" auth is chosen',
    requests: 2,
    answer: digestCpe({
      realm: 'r',
      challenge: (nonce) =>
        `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", qop="auth,auth-int", nonce="${nonce}", opaque="o"\r\n${EMPTY}`,
    }),
  },
  {
    name: 'MikroTik: HTTP/1.0 without lengths, a body, lower-case header names',
    requests: 2,
    answer: digestCpe({
      realm: 'RouterOS',
      close: true,
      challenge: (nonce) =>
        `HTTP/1.0 401 Unauthorized\r\nwww-authenticate:Digest realm="RouterOS", nonce="${nonce}", qop="auth"\r\n\r\n<html>401</html>`,
      ok: 'HTTP/1.0 200 OK\r\n\r\n<html>ok</html>',
    }),
  },
  {
    name: 'a nonce that is good for one request is asked for once more',
    requests: 3,
    answer: (request, index) => {
      const nonce = `n${index}`
      const known = { username, password, realm: 'r', nonce: `n${index - 1}` }
      if (index === 2 && digestFits(request, known)) return { text: OK }
      return {
        text: `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", qop="auth", nonce="${nonce}"\r\n${EMPTY}`,
      }
    },
  },
  {
    name: 'a stale nonce is asked for once more',
    requests: 3,
    answer: (request, index) => {
      if (index === 2) return { text: OK }
      return {
        text: `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", qop="auth", nonce="n", stale=true\r\n${EMPTY}`,
      }
    },
  },
  {
    name: 'a server without an MD5 challenge beside the one it has is answered by that one',
    requests: 2,
    answer: digestCpe({
      realm: 'r',
      challenge: (nonce) =>
        `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", algorithm=SHA-256, nonce="x", qop="auth"\r\nWWW-Authenticate: Digest realm="r", algorithm=MD5, nonce="${nonce}", qop="auth"\r\n${EMPTY}`,
    }),
  },
  {
    name: 'a status line without a reason, and no empty line before the end',
    requests: 1,
    answer: () => ({ text: 'HTTP/1.1 200\r\nServer: x', close: true }),
  },
]

describe('a device hears', () => {
  test.each(ROWS)('$name', async ({ answer, requests }) => {
    const { cpe, wake } = await cpeThat(answer)
    expect(await wake()).toBe('accepted')
    expect(cpe.requests).toHaveLength(requests)
    for (const { line, headers } of cpe.requests) {
      expect(line).toBe(`GET ${PATH} HTTP/1.1`)
      expect(headers.get('host')).toBe(`127.0.0.1:${cpe.port}`)
    }
  })

  test('section 3 item 32: when it takes seconds to answer', async () => {
    const { wake } = await cpeThat(() => ({ ...OK_ANSWER, afterMs: 2_500 }))
    expect(await wake()).toBe('accepted')
  })

  test('section 3 item 34: by a request that says more than GET and Host', async () => {
    const { cpe, wake } = await cpeThat(() => OK_ANSWER)
    expect(await wake()).toBe('accepted')
    expect([...cpe.requests[0]!.headers.keys()]).toEqual(['host', 'user-agent', 'accept'])
  })

  test('byte by byte', async () => {
    const answer = digestCpe({
      realm: 'r',
      challenge: (nonce) =>
        `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="${nonce}"\r\n${EMPTY}`,
    })
    const { wake } = await cpeThat((request, index) => ({ ...answer(request, index)!, piecemeal: true }))
    expect(await wake()).toBe('accepted')
  })

  test('on the same connection where it stays open', async () => {
    const answer = digestCpe({
      realm: 'r',
      challenge: (nonce) =>
        `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="${nonce}"\r\nContent-Length: 5\r\n\r\nhello`,
    })
    const { cpe, wake } = await cpeThat(answer)
    expect(await wake()).toBe('accepted')
    expect(cpe.requests.map(({ connection }) => connection)).toEqual([1, 1])
  })
})

describe('what a device says is told', () => {
  test.each([
    [
      'quirk 7: 503 is busy: in a session, or a proxied device that is offline',
      'HTTP/1.1 503 Service Unavailable\r\n\r\n',
      'busy',
    ],
    ['403 is unauthorized', 'HTTP/1.1 403 Forbidden\r\n\r\n', 'unauthorized'],
    ['404 is not the server of a CPE', 'HTTP/1.1 404 Not Found\r\n\r\n', 'unreachable'],
    ['a redirect is not followed', 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n', 'unreachable'],
    ['what is no HTTP', 'SSH-2.0-dropbear\r\n\r\n', 'unreachable'],
    ['401 without a challenge', 'HTTP/1.1 401 Unauthorized\r\n\r\n', 'unauthorized'],
    [
      'a challenge nobody can answer',
      'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\n\r\n',
      'unauthorized',
    ],
    ['nothing at all', '', 'unreachable'],
  ] as const)('%s', async (_name, text, outcome) => {
    const { wake } = await cpeThat(() => ({ text, close: true }))
    expect(await wake()).toBe(outcome)
  })

  test('wrong credentials are said twice at most', async () => {
    const challenge = `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", qop="auth", nonce="same"\r\n${EMPTY}`
    const { cpe, wake } = await cpeThat(() => ({ text: challenge }))
    expect(await wake()).toBe('unauthorized')
    expect(cpe.requests).toHaveLength(2)
  })

  test('new nonces for ever end after three requests', async () => {
    const { cpe, wake } = await cpeThat((_request, index) => ({
      text: `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", qop="auth", nonce="${index}"\r\n${EMPTY}`,
    }))
    expect(await wake()).toBe('unauthorized')
    expect(cpe.requests).toHaveLength(3)
  })

  test('a password is not said in clear where that is not allowed', async () => {
    const { cpe, wake } = await cpeThat(() => ({
      text: `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="r"\r\n${EMPTY}`,
    }))
    expect(await wake({ allowBasic: false })).toBe('unauthorized')
    expect(cpe.requests).toHaveLength(1)
  })

  test('nobody listens', async () => {
    const { cpe, wake } = await cpeThat(() => null)
    await cpe.stop()
    started.length = 0
    expect(await wake()).toBe('unreachable')
  })

  test('a device that takes the request and says nothing is given up at the deadline', async () => {
    const { wake } = await cpeThat(() => null, 300)
    expect(await wake()).toBe('unreachable')
  })

  test('an answer without an end is cut off at 16 KiB', async () => {
    const { wake } = await cpeThat((_request, _index) => ({ text: `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(64 * 1024)}` }))
    expect(await wake()).toBe('unreachable')
  })

  test('a challenge cannot write headers into our next request', async () => {
    const seen: string[] = []
    const { wake } = await cpeThat((request, index) => {
      seen.push([...request.headers.keys()].join())
      return index === 0
        ? {
            text: `HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Digest realm="a\rX-Evil: 1", nonce="n\x00\x0b", opaque="\\"o"\r\n${EMPTY}`,
          }
        : { text: OK }
    })
    await wake()
    expect(seen.join()).not.toContain('x-evil')
  })
})
