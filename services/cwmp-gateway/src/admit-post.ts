import { answerPost, answerUnreadable } from './answer-post.ts'
import type { Named } from './continue-session.ts'
import { identityNamed } from './device-identity.ts'
import { findSession } from './find-session.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { Gate } from './http/authenticate.ts'
import { readCookie } from './http/cookie.ts'
import { unauthorized, unavailable } from './http/reply.ts'
import type { Admission, PostHead } from './http/server.ts'
import { nonceOf } from './prove-identity.ts'

/** What a POST's head decides: nothing of its body is kept, inflated or parsed for who names neither self nor session. */
export function admitPost(parts: GatewayParts, head: PostHead): Admission {
  const away = parts.whyNot()
  if (away !== null) return { kind: 'refused', reply: unavailable(parts.settings.retryAfterSeconds, away) }
  const { authenticator } = parts
  const gate = authenticator.gate(head)
  const named = sessionNamed(head, gate)
  const isNamed = () => named !== null && (!named.byCookie || authenticator.isIssued(named.key))
  if (gate.kind === 'challenge' && !isNamed()) {
    return { kind: 'refused', reply: unauthorized(gate.challenge, 'no_credentials') }
  }
  return {
    kind: 'admitted',
    isInSession: async () => isNamed() || (await findSession(parts, gate)).kind === 'found',
    answer: (body) => answerPost(parts, { ...body, gate, named }),
    abandon: (refusal) => answerUnreadable(parts, named, refusal),
  }
}

/** The cookie, else the connection where that is allowed to name a session. */
function sessionNamed({ cookie, boundSession }: PostHead, gate: Gate): Named | null {
  const key = readCookie(cookie)
  const nonce = nonceOf(gate)
  if (key === null) return boundSession === null ? null : { key: boundSession, byCookie: false, nonce }
  return isOfAnother(key.deviceKey, gate) ? null : { key, byCookie: true, nonce }
}

/** A cookie is worth nothing to a device whose certificate is that of another one. */
function isOfAnother(deviceKey: string, gate: Gate): boolean {
  if (gate.kind !== 'certified') return false
  const device = identityNamed(gate.name)
  return device.kind === 'identified' && device.deviceKey !== deviceKey
}
