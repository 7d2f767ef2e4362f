import { answerChallenge } from '@sluice/http-auth'
import { type Clock, randomToken, withDeadline } from '@sluice/runtime'
import { type Target } from '../guard/resolve-target.ts'
import type { Outcome } from '../wake/outcome.ts'
import type { ConnectionRequestUrl } from './connection-request-url.ts'
import { type HttpLine, openHttpLine } from './http-line.ts'
import { readChallenges } from './read-challenges.ts'

export interface HttpConnectionRequest {
  readonly url: ConnectionRequestUrl
  readonly target: Target
  /** Null: not known; only a CPE that asks for none can be woken. */
  readonly credentials: { readonly username: string; readonly password: string } | null
  /** Whether a password may be said in clear to who asks for basic. */
  readonly allowBasic: boolean
  /** For all of it, connecting included. */
  readonly deadlineMs: number
}

/** Without credentials, with them, and once more where the CPE takes each nonce once or forgot the first. */
const MAX_REQUESTS = 3

/**
 * An HTTP connection request (TR-069 3.2.2.2): GET, then the answer to the challenge. Never follows a redirect, and
 * never sends a password to who did not ask.
 */
export async function requestConnection(request: HttpConnectionRequest, clock: Clock): Promise<Outcome> {
  const work = async (signal: AbortSignal): Promise<Outcome> => {
    const line = openHttpLine(request.target, { clock, signal })
    try {
      return await converse(line, request)
    } finally {
      line.close()
    }
  }
  return withDeadline(work, request.deadlineMs, { clock }).catch(() => 'unreachable' as const)
}

async function converse(line: HttpLine, request: HttpConnectionRequest): Promise<Outcome> {
  const { url } = request
  let authorization: string | null = null
  let known = new Set<string>()
  for (let sent = 1; ; sent++) {
    const response = await line.send(getRequest(url, authorization))
    if (response === null) return 'unreachable'
    if (response.status !== 401) return outcomeOf(response.status)
    const challenges = readChallenges(response.challenges)
    // The same nonce again, and not called stale: the credentials are wrong, and asking on may lock us out.
    const isNews = challenges.some((one) => !known.has(nonceOf(one)) || /stale="?true/i.test(one))
    if (sent === MAX_REQUESTS || (authorization !== null && !isNews)) return 'unauthorized'
    known = new Set(challenges.map(nonceOf))
    authorization = answerTo(challenges, request)
    if (authorization === null) return 'unauthorized'
  }
}

/** 503: in a session, too often, or a proxied device that is offline (3.2.2.2, J). What is neither is no CPE's word. */
function outcomeOf(status: number): Outcome {
  if (status === 200 || status === 204) return 'accepted'
  if (status === 503 || status === 429) return 'busy'
  return status === 403 ? 'unauthorized' : 'unreachable'
}

function answerTo(
  challenges: readonly string[],
  { url, credentials, allowBasic }: HttpConnectionRequest,
): string | null {
  if (credentials === null) return null
  const allowed = allowBasic ? challenges : challenges.filter((one) => /^digest/i.test(one))
  const input = { method: 'GET', uri: url.target, cnonce: randomToken(12), nc: 1, ...credentials }
  const answer = answerChallenge({ ...input, challenges: allowed })
  return answer.kind === 'answer' ? answer.authorization : null
}

function nonceOf(challenge: string): string {
  return /nonce="((?:[^"\\]|\\.)*)"/.exec(challenge)?.[1] ?? ''
}

function getRequest(url: ConnectionRequestUrl, authorization: string | null): string {
  const lines = [`GET ${url.target} HTTP/1.1`, `Host: ${url.authority}`, 'User-Agent: sluice', 'Accept: */*']
  if (authorization !== null) lines.push(`Authorization: ${authorization}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}
