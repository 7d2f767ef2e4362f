import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { deflateSync, gzipSync } from 'node:zlib'
import { authorization, chooseChallenge, type Challenge } from './answer-challenge.ts'
import { createCookieJar } from './cookie-jar.ts'
import type { Cpe } from './cpe.ts'
import { exchange, type Exchange, type HttpAnswer } from './http-exchange.ts'
import { exchangeByHttp10 } from './raw-exchange.ts'
import { hexDigits } from './seeded.ts'

/** The connection of one session: cookies, authentication and redirects are kept until it is closed (TR-069 3.4). */
export interface AcsLine {
  post(body: string): Promise<HttpAnswer>
  close(): void
}

const MAX_REDIRECTS = 5
const MAX_CHALLENGES = 5
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

export function openAcsLine(cpe: Cpe, signal: AbortSignal): AcsLine {
  const { settings, random } = cpe
  const { faults } = settings
  const openAgent = (to: URL): HttpAgent | HttpsAgent =>
    to.protocol === 'https:'
      ? new HttpsAgent({ keepAlive: true, maxSockets: 1, ...settings.tls })
      : new HttpAgent({ keepAlive: true, maxSockets: 1 })
  const unasked: Challenge | undefined = settings.auth === 'basic' ? { scheme: 'basic', parameters: {} } : undefined
  let url = new URL(cpe.model.server('URL'))
  let agent = openAgent(url)
  let challenge = unasked
  let nonceUses = 0
  let coding = faults.contentCoding
  const cookies = createCookieJar(faults, cpe.cookies)
  const username = cpe.model.server('Username')
  const password = cpe.model.server('Password')
  const credentials = { username, password: faults.badPassword ? `not ${password}` : password }

  const headersOf = (body: string): Record<string, string> => {
    const headers: Record<string, string> = { 'User-Agent': 'simulated-cpe/1.0' }
    if (body !== '') {
      const type = faults.contentType ?? `text/xml; charset=utf-8`
      const said = faults.latin1 ? type.replace('; charset=utf-8', '') : type
      if (said !== '') headers['Content-Type'] = said
      headers['SOAPAction'] = ''
      if (coding) headers['Content-Encoding'] = coding
    }
    const cookie = cookies.header()
    if (cookie !== '') headers['Cookie'] = cookie
    if (challenge) {
      nonceUses += 1
      const uri = url.pathname + url.search
      const request = { method: 'POST', uri, count: nonceUses, cnonce: hexDigits(random, 16) }
      headers['Authorization'] = authorization(challenge, credentials, request)
    }
    return headers
  }

  const send = async (body: string): Promise<HttpAnswer> => {
    const plain = Buffer.from(body, faults.latin1 ? 'latin1' : 'utf8')
    const order: Exchange = {
      method: 'POST',
      url,
      headers: headersOf(body),
      body: body === '' || !coding ? plain : coding === 'gzip' ? gzipSync(plain) : deflateSync(plain),
      signal,
      chunked: faults.chunkedPosts === true && body !== '',
      expectsContinue: faults.expectsContinue === true && body !== '',
      timeoutMs: settings.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      ...(settings.tls && { tls: settings.tls }),
      ...(faults.connectionPerPost ? {} : { agent }),
    }
    const answer = await (faults.http10 ? exchangeByHttp10(order) : exchange(order))
    cookies.keep(answer.cookies)
    return answer
  }

  const reconnect = (to: URL): void => {
    agent.destroy()
    agent = openAgent(to)
  }

  const moveTo = (target: URL): void => {
    if (target.origin !== url.origin) {
      // Another server has nonces of its own; a connection to it is another one anyway.
      challenge = unasked
      nonceUses = 0
      reconnect(target)
    }
    cpe.record({ what: 'redirected', urlHost: target.host })
    url = target
  }

  /** A second 401 ends the session, unless the server only calls the nonce stale (TR-069 3.7.1.4, RFC 7616 3.3). */
  const mayAnswer = (next: Challenge | undefined, answered: boolean): boolean =>
    settings.auth !== 'none' && next !== undefined && (!answered || next.parameters['stale']?.toLowerCase() === 'true')

  const accept = (next: Challenge | undefined): void => {
    challenge = next
    nonceUses = 0
    if (faults.newConnectionAfter401) reconnect(url)
  }

  /** What a client does whose digest state is lost before each body. */
  const probe = async (): Promise<void> => {
    challenge = unasked
    const answer = await send('')
    const next = chooseChallenge(answer.challenges)
    if (answer.status === 401 && mayAnswer(next, false)) accept(next)
  }

  return {
    post: async (body) => {
      if (faults.probesBeforeBodies && body !== '') await probe()
      let answered = false
      for (let redirects = 0, challenges = 0; ;) {
        const answer = await send(body)
        if (answer.status === 401 && challenges < MAX_CHALLENGES) {
          challenges += 1
          const next = chooseChallenge(answer.challenges)
          if (!mayAnswer(next, answered)) return answer
          accept(next)
          answered = true
        } else if (isRedirect(answer) && redirects < MAX_REDIRECTS) {
          redirects += 1
          answered = false
          moveTo(new URL(answer.headers.location ?? '', url))
        } else if (answer.status === 415 && coding) coding = undefined
        else return answer
      }
    },
    close: () => {
      cookies.leave()
      agent.destroy()
    },
  }
}

function isRedirect(answer: HttpAnswer): boolean {
  return [301, 302, 307].includes(answer.status) && URL.canParse(answer.headers.location ?? '', 'http://a.invalid')
}
