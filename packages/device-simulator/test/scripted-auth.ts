import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const REALM = 'scripted'

export type Scheme = 'basic' | 'digest' | 'digest-sha256' | 'digest-rfc2069'

/** The challenge of a 401. */
export function challengeOf(scheme: Scheme, nonce: string): string {
  if (scheme === 'basic') return `Basic realm="${REALM}"`
  if (scheme === 'digest-rfc2069') return `Digest realm="${REALM}", nonce="${nonce}"`
  const algorithm = scheme === 'digest-sha256' ? ', algorithm=SHA-256' : ''
  return `Digest realm="${REALM}", qop="auth,auth-int", nonce="${nonce}", opaque="xyz"${algorithm}`
}

/** Whether the request bears the right credentials: checked by hand, so that nothing of the simulator checks itself. */
export function allowed(
  request: IncomingMessage,
  auth: { scheme: Scheme; password(username: string): string | undefined },
  nonce: string,
): boolean {
  const header = request.headers.authorization ?? ''
  if (auth.scheme === 'basic') {
    const [username = '', password] = Buffer.from(header.replace(/^Basic /, ''), 'base64')
      .toString()
      .split(':')
    return header.startsWith('Basic ') && password === auth.password(username)
  }
  const field = (name: string): string => new RegExp(`[ ,]${name}="?([^",]*)`).exec(header)?.[1] ?? ''
  const hash = (text: string): string =>
    createHash(auth.scheme === 'digest-sha256' ? 'sha256' : 'md5')
      .update(text)
      .digest('hex')
  const password = auth.password(field('username'))
  const ha1 = hash(`${field('username')}:${REALM}:${password}`)
  const ha2 = hash(`${request.method}:${request.url}`)
  const middle = auth.scheme === 'digest-rfc2069' ? nonce : `${nonce}:${field('nc')}:${field('cnonce')}:${field('qop')}`
  return password !== undefined && field('nonce') === nonce && field('response') === hash(`${ha1}:${middle}:${ha2}`)
}
