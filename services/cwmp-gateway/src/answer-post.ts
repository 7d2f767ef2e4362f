import { decodePost, type DecodedPost, defaultLimits } from '@sluice/cwmp'
import type { SessionKey } from '@sluice/hot-store'
import { beginSession } from './begin-session.ts'
import { abandonSession, continueSession } from './continue-session.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { readCookie } from './http/cookie.ts'
import { badRequest, nothing, type Reply, unauthorized, unavailable, unsupportedEncoding } from './http/reply.ts'
import type { Post } from './http/server.ts'

/**
 * One POST of a CPE: admit it, then begin a session (begin-session.ts) or carry one on: load, step, report, save,
 * answer (continue-session.ts).
 */
export async function answerPost(parts: GatewayParts, post: Post): Promise<Reply> {
  const away = parts.whyNot()
  if (away !== null) return unavailable(parts.settings.retryAfterSeconds, away)
  if (isEncoded(post)) return unsupportedEncoding()
  const key = sessionOf(post)
  const gate = parts.authenticator.gate(post.authorization)
  if (key === null && gate.kind === 'challenge') return unauthorized(gate.challenge, 'no_credentials')
  const decoded = decode(parts, post)
  if (decoded.kind === 'empty') return hearEmpty(parts, post, key)
  if (decoded.kind === 'malformed') {
    parts.log.info({ code: decoded.code, detail: decoded.detail, device_key: key?.deviceKey }, 'cwmp.post.malformed')
    return abandonSession(parts, key, decoded.code)
  }
  // MaxEnvelopes is 1: whatever comes behind the first one is not acknowledged, so the CPE brings it again.
  const envelope = decoded.envelopes[0]!
  const { body: message, id } = envelope
  if (message.kind === 'inform') return beginSession(parts, gate, envelope, message)
  const noSession = () => badRequest('no_session')
  return key === null ? noSession() : continueSession(parts, key, { kind: 'message', message, id }, noSession)
}

/** A POST whose body could not be read to its end. */
export async function answerUnreadable(parts: GatewayParts, post: Post, reason: string): Promise<Reply> {
  return parts.whyNot() === null ? abandonSession(parts, sessionOf(post), reason) : badRequest(reason)
}

/** Before any Inform there is nothing to answer: clients that probe for a challenge get one, others 204. */
async function hearEmpty(parts: GatewayParts, post: Post, key: SessionKey | null): Promise<Reply> {
  const greet = () => {
    const gate = parts.authenticator.gate(post.authorization)
    return gate.kind === 'challenge' ? unauthorized(gate.challenge, 'no_credentials') : nothing()
  }
  return key === null ? greet() : continueSession(parts, key, { kind: 'empty' }, greet)
}

/** The cookie, else the connection of a CPE that has none. */
function sessionOf(post: Post): SessionKey | null {
  return readCookie(post.cookie) ?? post.boundSession
}

function decode({ settings, instruments }: GatewayParts, { body, contentType }: Post): DecodedPost {
  if (body.length === 0) return { kind: 'empty' }
  const decoded = decodePost(body, contentType, { ...defaultLimits, maxBytes: settings.bodyLimit })
  if (decoded.kind === 'envelopes') decoded.warnings.forEach(({ code }) => instruments.tolerated(code))
  return decoded
}

function isEncoded({ contentEncoding }: Post): boolean {
  return contentEncoding !== undefined && !['', 'identity'].includes(contentEncoding.trim().toLowerCase())
}
