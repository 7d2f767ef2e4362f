import { beginSession } from './begin-session.ts'
import { abandonSession, continueSession, type Named } from './continue-session.ts'
import { findSession } from './find-session.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { Gate } from './http/authenticate.ts'
import { badRequest, nothing, type Reply, tooLarge, unavailable } from './http/reply.ts'
import type { PostBody } from './http/server.ts'
import { nonceOf } from './prove-identity.ts'
import { readPost, type ReadPost } from './read-post.ts'

/** A POST that was admitted (admit-post.ts), read to its end. */
export interface Post extends PostBody {
  readonly gate: Gate
  readonly named: Named | null
}

/**
 * One POST of a CPE: read it, then begin a session (begin-session.ts) or carry one on: load, step, report, save,
 * answer (continue-session.ts).
 */
export async function answerPost(parts: GatewayParts, post: Post): Promise<Reply> {
  const away = parts.whyNot()
  if (away !== null) return unavailable(parts.settings.retryAfterSeconds, away)
  const { gate, named } = post
  const { bodyLimit, sessionBodyLimit } = parts.settings
  const isLong = post.body.length > bodyLimit
  const sent = readPost(post, isLong ? sessionBodyLimit : bodyLimit)
  if (sent.kind === 'envelopes') {
    sent.warnings.forEach((code) => parts.instruments.tolerated(code))
    const envelope = sent.envelopes.find(({ body }) => body.kind === 'inform')
    // It is let in for the session that it names, and would begin another.
    if (envelope !== undefined && isLong) return tooLarge()
    if (envelope?.body.kind === 'inform') return beginSession(parts, gate, sent, { envelope, inform: envelope.body })
  }
  if (sent.kind === 'malformed') {
    const { code, detail } = sent
    parts.log.info({ code, detail, device_key: named?.key.deviceKey }, 'cwmp.post.malformed')
  }
  return carryOn(parts, named, gate, sent)
}

/** A POST whose body could not be read to its end. */
export async function answerUnreadable(parts: GatewayParts, named: Named | null, refusal: Reply): Promise<Reply> {
  if (parts.whyNot() === null) await abandonSession(parts, named?.key ?? null, refusal.reason ?? 'unreadable')
  return refusal
}

/** In the session the POST names; else in the one of the device that its Authorization names (find-session.ts). */
async function carryOn(parts: GatewayParts, named: Named | null, gate: Gate, sent: ReadPost): Promise<Reply> {
  const inSession = (found: Named, whenUnknown: () => Reply | Promise<Reply>) =>
    sent.kind === 'malformed'
      ? abandonSession(parts, found.key, sent.code)
      : continueSession(parts, found, sent, whenUnknown)
  const inNone = (): Reply => {
    if (sent.kind === 'malformed') return badRequest(sent.code)
    // Before any Inform there is nothing to answer: a client that probes for a challenge has had it.
    return sent.kind === 'empty' ? nothing() : badRequest('no_session')
  }
  const bySender = async (): Promise<Reply> => {
    const found = await findSession(parts, gate)
    if (found.kind === 'refused') return found.reply
    return found.kind === 'found'
      ? inSession({ key: found.key, byCookie: false, nonce: nonceOf(gate) }, inNone)
      : inNone()
  }
  return named === null ? bySender() : inSession(named, bySender)
}
