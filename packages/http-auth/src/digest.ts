import { hash } from 'node:crypto'

import type { DigestAuthorization } from './authorization.ts'
import { constantTimeEqual } from './constant-time-equal.ts'

/**
 * MD5(username:realm:password) in hexadecimal: what is stored instead of the password. MD5 is the one
 * algorithm TR-069 3.4.5 demands and CPE have: a documented exception (OWASP ASVS 11.4.1), to be carried
 * over TLS. A leaked HA1 is as good as the password for its realm, so it is sealed like one.
 */
export function ha1(username: string, realm: string, password: string): string {
  return md5(`${username}:${realm}:${password}`)
}

/**
 * Whether the answer was made with this HA1 for this HTTP method, in the form with qop=auth or that of
 * RFC 2069. Says nothing about the nonce (see checkNonce), nor whether `uri` is the request's own:
 * CPE send it empty, absolute, or without the query.
 */
export function verifyDigest(input: {
  readonly authorization: DigestAuthorization
  readonly method: string
  readonly ha1: string
}): boolean {
  return constantTimeEqual(input.authorization.response.toLowerCase(), digestResponse(input))
}

/** The `response` of RFC 7616 3.4.1, or of RFC 2069 where there is no qop. */
export function digestResponse(input: {
  readonly authorization: Pick<DigestAuthorization, 'nonce' | 'uri' | 'qop' | 'nc' | 'cnonce'>
  readonly method: string
  readonly ha1: string
}): string {
  const { nonce, uri, qop, nc, cnonce } = input.authorization
  const ha2 = md5(`${input.method}:${uri}`)
  if (qop === null) return md5(`${input.ha1}:${nonce}:${ha2}`)
  return md5(`${input.ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`)
}

export function md5(text: string): string {
  return hash('md5', text)
}
