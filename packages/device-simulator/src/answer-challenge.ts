import { createHash } from 'node:crypto'

export interface Challenge {
  readonly scheme: 'basic' | 'digest'
  readonly parameters: Readonly<Record<string, string>>
}

export interface Credentials {
  readonly username: string
  readonly password: string
}

export interface SignedRequest {
  readonly method: string
  /** Path and query as they stand in the request line. */
  readonly uri: string
  /** How often this nonce was used, this time included. */
  readonly count: number
  readonly cnonce: string
}

const HASHES: Record<string, string> = { MD5: 'md5', 'SHA-256': 'sha256' }
const PART = /(?:([A-Za-z][\w-]*)\s+(?=[\w-]+\s*=))|([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g

/** The first challenge this client can answer: servers name them by preference (RFC 9110 11.6.1, RFC 7616 3.7). */
export function chooseChallenge(headers: readonly string[]): Challenge | undefined {
  const offered: { scheme: string; parameters: Record<string, string> }[] = []
  for (const header of headers) {
    if (/^\s*basic\s*$/i.test(header)) offered.push({ scheme: 'basic', parameters: {} })
    for (const [, scheme, name, quoted, plain] of header.matchAll(PART)) {
      if (scheme) offered.push({ scheme: scheme.toLowerCase(), parameters: {} })
      else if (name) {
        const value = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? ''
        const last = offered.at(-1)
        if (last) last.parameters[name.toLowerCase()] = value
      }
    }
  }
  for (const { scheme, parameters } of offered) {
    if (scheme === 'basic') return { scheme, parameters }
    if (scheme === 'digest' && canAnswer(parameters)) return { scheme, parameters }
  }
  return undefined
}

function canAnswer(parameters: Record<string, string>): boolean {
  const qop = parameters['qop']
  return hashName(parameters) in HASHES && (qop === undefined || qop.split(',').some((one) => one.trim() === 'auth'))
}

function hashName(parameters: Readonly<Record<string, string>>): string {
  return (parameters['algorithm'] ?? 'MD5').toUpperCase().replace(/-SESS$/, '')
}

/** The Authorization header's value (RFC 7617; RFC 7616 with RFC 2069 where the server names no qop). */
export function authorization(challenge: Challenge, credentials: Credentials, request: SignedRequest): string {
  const { username, password } = credentials
  if (challenge.scheme === 'basic') return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const { realm = '', nonce = '', opaque, qop, algorithm } = challenge.parameters
  const hash = (text: string): string =>
    createHash(HASHES[hashName(challenge.parameters)] ?? 'md5')
      .update(text)
      .digest('hex')
  const { cnonce, uri } = request
  const count = request.count.toString(16).padStart(8, '0')
  const sess = /-sess$/i.test(algorithm ?? '')
  const secret = hash(`${username}:${realm}:${password}`)
  const ha1 = sess ? hash(`${secret}:${nonce}:${cnonce}`) : secret
  const ha2 = hash(`${request.method}:${uri}`)
  const middle = qop === undefined ? nonce : `${nonce}:${count}:${cnonce}:auth`
  const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
  const fields = [
    `username=${quote(username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `response="${hash(`${ha1}:${middle}:${ha2}`)}"`,
  ]
  if (algorithm !== undefined) fields.push(`algorithm=${algorithm}`)
  if (opaque !== undefined) fields.push(`opaque=${quote(opaque)}`)
  if (qop !== undefined) fields.push('qop=auth', `nc=${count}`)
  if (qop !== undefined || sess) fields.push(`cnonce="${cnonce}"`)
  return `Digest ${fields.join(', ')}`
}
