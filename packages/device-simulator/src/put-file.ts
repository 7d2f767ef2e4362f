import { authorization, chooseChallenge, type Challenge, type Credentials } from './answer-challenge.ts'
import { exchange, ExchangeError, type HttpAnswer } from './http-exchange.ts'
import { hexDigits } from './seeded.ts'
import type { DeviceSettings } from './settings.ts'

/** The fault a CPE reports when it could not send its file (TR-069 A.5.1). */
export type Put =
  | { readonly kind: 'sent' }
  | { readonly kind: 'failed'; readonly fault: 9011 | 9012 }
  | { readonly kind: 'aborted' }

const MAX_REQUESTS = 8
const MAX_ANSWER_BYTES = 64 * 1024

/** A PUT, the challenge answered, redirects followed (TR-069 A.4.1.5, 3.4.3). */
export async function putFile(
  target: Credentials & { readonly url: string },
  file: Buffer,
  settings: DeviceSettings,
  random: () => number,
  signal: AbortSignal,
): Promise<Put> {
  let url = new URL(target.url)
  let challenge: Challenge | undefined
  for (let request = 1; request <= MAX_REQUESTS; request += 1) {
    const headers: Record<string, string> = {
      'User-Agent': 'simulated-cpe/1.0',
      'Content-Type': 'application/octet-stream',
    }
    if (challenge) {
      const signed = { method: 'PUT', uri: url.pathname + url.search, count: 1, cnonce: hexDigits(random, 16) }
      headers['Authorization'] = authorization(challenge, target, signed)
    }
    let answer: HttpAnswer
    try {
      const { timeoutMs, tls } = settings
      answer = await exchange({
        method: 'PUT',
        url,
        headers,
        body: file,
        signal,
        timeoutMs,
        maxBytes: MAX_ANSWER_BYTES,
        ...(tls && { tls }),
      })
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error
      return error.failure === 'aborted' ? { kind: 'aborted' } : { kind: 'failed', fault: 9011 }
    }
    if (answer.status === 401) {
      const next = challenge ? undefined : chooseChallenge(answer.challenges)
      if (!next || target.username === '') return { kind: 'failed', fault: 9012 }
      challenge = next
    } else if ([301, 302, 307, 308].includes(answer.status) && answer.headers.location !== undefined) {
      url = new URL(answer.headers.location, url)
    } else return answer.status >= 200 && answer.status < 300 ? { kind: 'sent' } : { kind: 'failed', fault: 9011 }
  }
  return { kind: 'failed', fault: 9011 }
}
