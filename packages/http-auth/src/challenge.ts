/** Value of a WWW-Authenticate header that asks for digest. */
export function digestChallenge(_input: {
  readonly realm: string
  readonly nonce: string
  readonly stale?: boolean
}): string {
  throw new Error('not yet')
}

/** Value of a WWW-Authenticate header that asks for basic; only to be sent over TLS. */
export function basicChallenge(_input: { readonly realm: string }): string {
  throw new Error('not yet')
}
