/** What an Authorization header says. */
export type Authorization =
  | DigestAuthorization
  | BasicAuthorization
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable' }

export interface DigestAuthorization {
  readonly kind: 'digest'
  readonly username: string
  readonly realm: string
  readonly nonce: string
  /** As sent, never normalised: it is part of what was hashed (RFC 7616 3.4.6 and clients that rewrite it). */
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

/** Reads an Authorization header. Anything longer than 4096 characters, or of another scheme or algorithm, is unreadable. */
export function parseAuthorization(_header: string | undefined): Authorization {
  throw new Error('not yet')
}
