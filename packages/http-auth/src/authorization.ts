import { readAuthParameters } from './auth-parameters.ts'

/** What an Authorization header says. */
export type Authorization =
  | DigestAuthorization
  | BasicAuthorization
  | { readonly kind: 'none' }
  /** Another scheme, another algorithm, or not well-formed: answer as to wrong credentials. */
  | { readonly kind: 'unreadable' }

export interface DigestAuthorization {
  readonly kind: 'digest'
  readonly username: string
  readonly realm: string
  readonly nonce: string
  /** As sent, never normalised: it is part of what was hashed, and there are CPE that send it empty. */
  readonly uri: string
  readonly response: string
  /** null: the form of RFC 2069, without nc and cnonce. */
  readonly qop: 'auth' | null
  readonly nc: string | null
  readonly cnonce: string | null
  readonly opaque: string | null
}

export interface BasicAuthorization {
  readonly kind: 'basic'
  readonly username: string
  readonly password: string
}

const MAX_LENGTH = 4096
const NONCE_COUNT = /^[0-9A-Fa-f]{1,8}$/
const UNREADABLE = { kind: 'unreadable' } as const

/** Reads an Authorization header (RFC 7616, RFC 7617; RFC 2069 for old clients). */
export function parseAuthorization(header: string | undefined): Authorization {
  const value = header?.trim() ?? ''
  if (value === '') return { kind: 'none' }
  if (value.length > MAX_LENGTH) return UNREADABLE
  const [, scheme = '', rest = ''] = /^([A-Za-z]+)\s+([\s\S]+)$/.exec(value) ?? []
  if (scheme.toLowerCase() === 'digest') return readDigest(rest)
  if (scheme.toLowerCase() === 'basic') return readBasic(rest)
  return UNREADABLE
}

function readDigest(rest: string): Authorization {
  const parameters = readAuthParameters(rest)
  if (parameters === null) return UNREADABLE
  const username = parameters.get('username')
  const nonce = parameters.get('nonce')
  const response = parameters.get('response')
  if (username === undefined || nonce === undefined || response === undefined) return UNREADABLE
  // MD5 alone: what TR-069 3.4.5 asks of an ACS, and what we challenge with.
  if ((parameters.get('algorithm') ?? 'MD5').toUpperCase() !== 'MD5') return UNREADABLE
  const qop = parameters.get('qop')?.toLowerCase() ?? null
  const nc = parameters.get('nc') ?? null
  const cnonce = parameters.get('cnonce') ?? null
  // auth-int is not offered: who chooses it all the same is challenged again. A count that is none counts nothing.
  if (qop !== null && (qop !== 'auth' || nc === null || cnonce === null || !NONCE_COUNT.test(nc))) return UNREADABLE
  return {
    kind: 'digest',
    username,
    realm: parameters.get('realm') ?? '',
    nonce,
    uri: parameters.get('uri') ?? '',
    response,
    qop,
    nc,
    cnonce,
    opaque: parameters.get('opaque') ?? null,
  }
}

function readBasic(rest: string): Authorization {
  const token = rest.trim()
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(token)) return UNREADABLE
  const text = Buffer.from(token, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) return UNREADABLE
  return { kind: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) }
}
