import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { authorization, chooseChallenge, type Challenge } from './answer-challenge.ts'
import { exchange, type HttpAnswer } from './http-exchange.ts'
import { hexDigits } from './seeded.ts'
import type { DeviceSettings } from './settings.ts'

/** The connection of one session: cookies, authentication and redirects are kept until it is closed (TR-069 3.4). */
export interface AcsLine {
  post(body: string): Promise<HttpAnswer>
  close(): void
}

const MAX_REDIRECTS = 5
const MAX_ANSWER_BYTES = 1024 * 1024

export function openAcsLine(settings: DeviceSettings, random: () => number, signal: AbortSignal): AcsLine {
  const { faults } = settings
  const kept = { keepAlive: true, maxSockets: 1 }
  let url = new URL(settings.acsUrl)
  let agent = url.protocol === 'https:' ? new HttpsAgent(kept) : new HttpAgent(kept)
  let challenge: Challenge | undefined = settings.auth === 'basic' ? { scheme: 'basic', parameters: {} } : undefined
  let nonceUses = 0
  const cookies = new Map<string, string>()
  const credentials = {
    username: settings.username,
    password: faults.badPassword ? `not ${settings.password}` : settings.password,
  }

  const send = (body: string): Promise<HttpAnswer> => {
    const headers: Record<string, string> = { 'User-Agent': 'simulated-cpe/1.0' }
    if (body !== '') Object.assign(headers, { 'Content-Type': 'text/xml; charset=utf-8', SOAPAction: '' })
    if (cookies.size > 0) headers['Cookie'] = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    if (challenge) {
      nonceUses += 1
      const request = {
        method: 'POST',
        uri: url.pathname + url.search,
        count: nonceUses,
        cnonce: hexDigits(random, 16),
      }
      headers['Authorization'] = authorization(challenge, credentials, request)
    }
    return exchange({
      method: 'POST',
      url,
      headers,
      body,
      signal,
      chunked: faults.chunkedPosts === true && body !== '',
      timeoutMs: settings.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      ...(faults.connectionPerPost ? {} : { agent }),
    })
  }

  const keepCookies = (answer: HttpAnswer): void => {
    if (faults.noCookie) return
    for (const cookie of answer.cookies) {
      const [pair = ''] = cookie.split(';')
      const at = pair.indexOf('=')
      if (at > 0) cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim())
    }
  }

  /** A second 401 ends the session, unless the server only calls the nonce stale (TR-069 3.7.1.4, RFC 7616 3.3). */
  const mayAnswer = (answer: HttpAnswer, next: Challenge | undefined, answered: boolean): boolean =>
    settings.auth !== 'none' && next !== undefined && (!answered || next.parameters['stale']?.toLowerCase() === 'true')

  return {
    post: async (body) => {
      let answered = false
      for (let redirects = 0, tries = 0; ; tries += 1) {
        const answer = await send(body)
        keepCookies(answer)
        if (answer.status === 401 && tries < MAX_REDIRECTS) {
          const next = chooseChallenge(answer.challenges)
          if (!mayAnswer(answer, next, answered)) return answer
          challenge = next
          nonceUses = 0
          answered = true
        } else if (isRedirect(answer) && redirects < MAX_REDIRECTS) {
          redirects += 1
          const target = new URL(answer.headers.location ?? '', url)
          if (target.protocol !== url.protocol) {
            agent.destroy()
            agent = target.protocol === 'https:' ? new HttpsAgent(kept) : new HttpAgent(kept)
          }
          url = target
        } else return answer
      }
    },
    close: () => agent.destroy(),
  }
}

function isRedirect(answer: HttpAnswer): boolean {
  return [301, 302, 307].includes(answer.status) && answer.headers.location !== undefined
}
