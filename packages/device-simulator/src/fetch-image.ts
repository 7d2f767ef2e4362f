import { authorization, chooseChallenge, type Challenge, type Credentials } from './answer-challenge.ts'
import { exchange, ExchangeError, type HttpAnswer } from './http-exchange.ts'
import { hexDigits } from './seeded.ts'
import type { DeviceSettings } from './settings.ts'

/** The bytes, or the fault a CPE reports for not having them (TR-069 A.5.1). */
export type Fetched =
  | { readonly kind: 'image'; readonly image: Buffer }
  | { readonly kind: 'failed'; readonly fault: number }
  | { readonly kind: 'aborted' }

export interface ImageOrigin extends Credentials {
  readonly url: string
}

const MAX_REQUESTS = 20

/** A plain GET, the challenge answered, redirects followed, and a cut transfer resumed where the settings allow it. */
export async function fetchImage(
  origin: ImageOrigin,
  settings: DeviceSettings,
  random: () => number,
  signal: AbortSignal,
): Promise<Fetched> {
  let url = new URL(origin.url)
  let challenge: Challenge | undefined
  let resumesLeft = settings.resumes
  let received: Buffer = Buffer.alloc(0)
  let etag: string | undefined
  for (let request = 1; request <= MAX_REQUESTS; request += 1) {
    const headers: Record<string, string> = { 'User-Agent': 'simulated-cpe/1.0' }
    if (challenge) {
      const signed = { method: 'GET', uri: url.pathname + url.search, count: 1, cnonce: hexDigits(random, 16) }
      headers['Authorization'] = authorization(challenge, origin, signed)
    }
    if (received.length > 0) {
      headers['Range'] = `bytes=${received.length}-`
      if (etag !== undefined) headers['If-Range'] = etag
    }
    let answer: HttpAnswer
    try {
      answer = await exchange({
        method: 'GET',
        url,
        headers,
        signal,
        timeoutMs: settings.timeoutMs,
        maxBytes: settings.maxImageBytes,
        ...(settings.tls && { tls: settings.tls }),
      })
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error
      if (error.failure === 'aborted') return { kind: 'aborted' }
      return { kind: 'failed', fault: { unreachable: 9015, time_out: 9010, too_large: 9010 }[error.failure] }
    }
    const { status } = answer
    if (status === 401) {
      const next = challenge ? undefined : chooseChallenge(answer.challenges)
      if (!next || origin.username === '') return { kind: 'failed', fault: 9012 }
      challenge = next
    } else if ([301, 302, 307, 308].includes(status) && answer.headers.location !== undefined) {
      url = new URL(answer.headers.location, url)
    } else if (status === 200 || status === 206) {
      received = status === 206 ? Buffer.concat([received, answer.body]) : answer.body
      if (answer.complete) return { kind: 'image', image: received }
      if (resumesLeft === 0) return { kind: 'failed', fault: 9017 }
      etag = answer.headers.etag
      resumesLeft -= 1
    } else return { kind: 'failed', fault: status >= 500 ? 9017 : settings.missingFileFault }
  }
  return { kind: 'failed', fault: 9010 }
}
