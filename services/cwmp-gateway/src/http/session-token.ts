import type { KeyObject } from 'node:crypto'
import { constantTimeEqual, hmacSha256 } from '@sluice/http-auth'
import type { SessionKey } from '@sluice/hot-store'
import { randomToken } from '@sluice/runtime'

/**
 * 22 characters of base64url: 96 random bits and a mark. The mark opens nothing, the hot store alone knows which
 * sessions there are; but without it, anybody could write a cookie, and have their POSTs read before that is asked.
 */
export function issueToken(secret: KeyObject, deviceKey: string): string {
  const random = randomToken(12)
  return random + markOf(secret, deviceKey, random)
}

/** Whether some gateway issued this, to a device that had proved who it is. */
export function isIssued(secret: KeyObject, { deviceKey, token }: SessionKey): boolean {
  const random = token.slice(0, 16)
  return constantTimeEqual(token.slice(16), markOf(secret, deviceKey, random))
}

function markOf(secret: KeyObject, deviceKey: string, random: string): string {
  return hmacSha256(secret, `session-token.${deviceKey}.${random}`, 'base64url').slice(0, 6)
}
