import { decodePost, type DecodedPost, defaultLimits, type Envelope, type Inform } from '@sluice/cwmp'
import { beginSession } from './begin-session.ts'
import { abandonSession, continueSession, type Named } from './continue-session.ts'
import { findSession } from './find-session.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { Gate } from './http/authenticate.ts'
import { readCookie } from './http/cookie.ts'
import { badRequest, nothing, type Reply, unauthorized, unavailable, unsupportedEncoding } from './http/reply.ts'
import type { Post } from './http/server.ts'
import type { Heard } from './session/step.ts'

/**
 * One POST of a CPE: admit it, then begin a session (begin-session.ts) or carry one on: load, step, report, save,
 * answer (continue-session.ts).
 */
export async function answerPost(parts: GatewayParts, post: Post): Promise<Reply> {
  const away = parts.whyNot()
  if (away !== null) return unavailable(parts.settings.retryAfterSeconds, away)
  if (isEncoded(post)) return unsupportedEncoding()
  const named = sessionNamed(post)
  const gate = parts.authenticator.gate(post.authorization)
  if (named === null && gate.kind === 'challenge') return unauthorized(gate.challenge, 'no_credentials')
  const heard = heardIn(decode(parts, post))
  return heard.kind === 'inform'
    ? beginSession(parts, gate, heard.envelope, heard.inform)
    : carryOn(parts, named, gate, heard)
}

/** A POST whose body could not be read to its end. */
export async function answerUnreadable(parts: GatewayParts, post: Post, reason: string): Promise<Reply> {
  return parts.whyNot() === null ? abandonSession(parts, sessionNamed(post)?.key ?? null, reason) : badRequest(reason)
}

type HeardPost = Exclude<Heard, { kind: 'claim_answer' }> | Extract<DecodedPost, { kind: 'malformed' }>

/** In the session the POST names; else in the one of the device that its Authorization names (find-session.ts). */
async function carryOn(parts: GatewayParts, named: Named | null, gate: Gate, heard: HeardPost): Promise<Reply> {
  const inSession = (found: Named, whenUnknown: () => Reply | Promise<Reply>) =>
    heard.kind === 'malformed'
      ? abandonSession(parts, found.key, heard.code)
      : continueSession(parts, found, heard, whenUnknown)
  const inNone = (): Reply => {
    if (heard.kind === 'malformed') return badRequest(heard.code)
    // Before any Inform there is nothing to answer: a client that probes for a challenge has had it.
    return heard.kind === 'empty' ? nothing() : badRequest('no_session')
  }
  const bySender = async (): Promise<Reply> => {
    const found = await findSession(parts, gate)
    if (found.kind === 'refused') return found.reply
    return found.kind === 'found' ? inSession({ key: found.key, byCookie: false }, inNone) : inNone()
  }
  if (heard.kind === 'malformed') {
    const { code, detail } = heard
    parts.log.info({ code, detail, device_key: named?.key.deviceKey }, 'cwmp.post.malformed')
  }
  return named === null ? bySender() : inSession(named, bySender)
}

/** The cookie, else the connection where that is allowed to name a session. */
function sessionNamed({ cookie, boundSession }: Post): Named | null {
  const key = readCookie(cookie)
  if (key !== null) return { key, byCookie: true }
  return boundSession === null ? null : { key: boundSession, byCookie: false }
}

function heardIn(
  decoded: DecodedPost,
): HeardPost | { readonly kind: 'inform'; readonly envelope: Envelope; readonly inform: Inform } {
  if (decoded.kind !== 'envelopes') return decoded
  // MaxEnvelopes is 1: whatever comes behind the first one is not acknowledged, so the CPE brings it again.
  const envelope = decoded.envelopes[0]!
  const { body: message, id } = envelope
  return message.kind === 'inform' ? { kind: 'inform', envelope, inform: message } : { kind: 'message', message, id }
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
