import { readAuthParameters } from './auth-parameters.ts'
import { quoted } from './challenge.ts'
import { digestResponse, ha1, md5 } from './digest.ts'

/** Who asks, for the client side: connection requests to a CPE. */
export interface ChallengeInput {
  /** WWW-Authenticate values as received, one or several. */
  readonly challenges: string | readonly string[]
  readonly method: string
  /** Request target with the query. */
  readonly uri: string
  readonly username: string
  readonly password: string
  readonly cnonce: string
  /** 1 for the first use of a nonce. */
  readonly nc: number
}

export type ChallengeAnswer =
  | { readonly kind: 'answer'; readonly scheme: 'digest' | 'basic'; readonly authorization: string }
  | { readonly kind: 'unsupported' }

/** The Authorization header that answers a challenge: digest (MD5 or MD5-sess) where offered, else basic. */
export function answerChallenge(input: ChallengeInput): ChallengeAnswer {
  const challenges = typeof input.challenges === 'string' ? [input.challenges] : input.challenges
  for (const challenge of challenges) {
    const authorization = answerDigest(challenge, input)
    if (authorization !== null) return { kind: 'answer', scheme: 'digest', authorization }
  }
  if (challenges.some((challenge) => /^\s*basic(\s|$)/i.test(challenge))) {
    return { kind: 'answer', scheme: 'basic', authorization: basicAuthorization(input) }
  }
  return { kind: 'unsupported' }
}

function basicAuthorization({ username, password }: ChallengeInput): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}

function answerDigest(challenge: string, input: ChallengeInput): string | null {
  const rest = /^\s*digest\s+([\s\S]+)$/i.exec(challenge.slice(0, 4096))?.[1]
  const asked = rest === undefined ? null : readAuthParameters(rest)
  const nonce = asked?.get('nonce')
  if (asked === null || nonce === undefined) return null
  const realm = asked.get('realm') ?? ''
  const algorithm = asked.get('algorithm')
  const secret = secretFor(algorithm, ha1(input.username, realm, input.password), nonce, input.cnonce)
  const qop = qopFor(asked.get('qop'))
  if (secret === null || qop === 'unsupported') return null
  const nc = input.nc.toString(16).padStart(8, '0')
  const { method, uri, cnonce } = input
  const response = digestResponse({ authorization: { nonce, uri, qop, nc, cnonce }, method, ha1: secret })
  const opaque = asked.get('opaque')
  return [
    `Digest username=${quoted(input.username)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(uri)}`,
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    `response="${response}"`,
    ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
    // A server that asked for no qop must not get one (RFC 2617 3.2.2), and there are CPE that mind.
    ...(qop === null ? [] : [`qop=${qop}`, `nc=${nc}`, `cnonce=${quoted(cnonce)}`]),
  ].join(', ')
}

function secretFor(algorithm: string | undefined, plain: string, nonce: string, cnonce: string): string | null {
  const name = (algorithm ?? 'MD5').toUpperCase()
  if (name === 'MD5') return plain
  return name === 'MD5-SESS' ? md5(`${plain}:${nonce}:${cnonce}`) : null
}

function qopFor(offered: string | undefined): 'auth' | null | 'unsupported' {
  if (offered === undefined || offered.trim() === '') return null
  const options = offered.split(',').map((option) => option.trim().toLowerCase())
  return options.includes('auth') ? 'auth' : 'unsupported'
}
