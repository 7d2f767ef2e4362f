import type { IncomingMessage } from 'node:http'
import { type DownloadGrant, readGrant } from '@sluice/firmware'
import type { Clock } from '@sluice/runtime'
import type { Authenticator } from './authenticate.ts'
import type { StoppedWork } from './stopped-work.ts'
import type { RefusalReason } from './tell-transfers.ts'

export interface AuthoriseParts {
  readonly stopped: StoppedWork
  readonly authenticator: Authenticator
  /** The first mints, the others are still believed. */
  readonly keys: readonly Uint8Array[]
  readonly clock: Clock
}

export type Authorised =
  | { readonly kind: 'granted'; readonly grant: DownloadGrant }
  /** By a token that was forged, or for asking what nobody may: nothing is known of an attempt. */
  | { readonly kind: 'stranger'; readonly answer: Answer }
  /** `reason` null: nothing wrong was said yet, so nothing is told on. */
  | {
      readonly kind: 'refused'
      readonly grant: DownloadGrant
      readonly answer: Answer
      readonly reason: RefusalReason | null
    }

/** Without a body. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

/** A device that was refused for what is not its fault comes again after this. */
export const COME_AGAIN: Answer = { status: 503, headers: { 'retry-after': '30' } }

/** Whether a request bears the right to an image now: a genuine token, work that was not stopped, credentials. */
export function authorise(request: IncomingMessage, parts: AuthoriseParts): Authorised {
  const { method = '', url = '', headers } = request
  const stranger = (status: number, more: Answer['headers'] = {}): Authorised => ({
    kind: 'stranger',
    answer: { status, headers: more },
  })
  if (method !== 'GET' && method !== 'HEAD') return stranger(405, { allow: 'GET, HEAD' })
  const token = tokenOf(url)
  if (token === null) return stranger(404)
  const read = readGrant(token, parts.keys, Math.floor(parts.clock.now() / 1_000))
  // Nothing a forger says about an attempt is told on.
  if (read.kind === 'refused') return stranger(404)

  const { grant } = read
  const refused = (answer: Answer, reason: RefusalReason | null): Authorised => ({
    kind: 'refused',
    grant,
    answer,
    reason,
  })
  if (read.kind === 'expired') return refused({ status: 403, headers: {} }, 'expired')
  const standing = parts.stopped.standingOf(grant.campaignMark, grant.artifactId)
  // What cannot be told must not count against the device: the same as being too busy.
  if (standing === 'unknown') return refused(COME_AGAIN, 'shedding')
  if (standing === 'stopped') return refused(COME_AGAIN, 'stopped')

  const { authorization } = headers
  const { attemptId } = grant
  const who = parts.authenticator.check({ method, authorization, attemptId, password: read.password })
  if (who.kind === 'passed') return { kind: 'granted', grant }
  const challenge = { status: 401, headers: { 'www-authenticate': who.header } }
  return refused(challenge, who.kind === 'wrong' ? 'unauthorized' : null)
}

/**
 * The token in `/f/<token>/<file name>`; the name is for the device alone, and none is given to who has no room for it.
 * Some CPE send the whole URL as the target, which a server must accept (RFC 9112 3.2.2).
 */
function tokenOf(url: string): string | null {
  return /^(?:https?:\/\/[^/?#]{1,255})?\/f\/([A-Za-z0-9_-]{1,256})(?:\/[^/?#]{1,255})?$/.exec(url)?.[1] ?? null
}
