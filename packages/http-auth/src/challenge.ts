/** Value of a WWW-Authenticate header that asks for digest: MD5 and qop=auth (TR-069 3.4.5). */
export function digestChallenge(input: {
  readonly realm: string
  readonly nonce: string
  readonly stale?: boolean
}): string {
  const stale = input.stale === true ? ', stale=true' : ''
  return `Digest realm=${quoted(input.realm)}, qop="auth", algorithm=MD5, nonce=${quoted(input.nonce)}${stale}`
}

/** Value of a WWW-Authenticate header that asks for basic; only to be sent over TLS. */
export function basicChallenge(input: { readonly realm: string }): string {
  return `Basic realm=${quoted(input.realm)}`
}

/** A quoted-string (RFC 9110 5.6.4); what a header cannot carry is dropped. */
export function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e\x80-\xff]/g, '').replace(/["\\]/g, '\\$&')}"`
}
