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
  | { readonly kind: 'answer'; readonly authorization: string }
  | { readonly kind: 'unsupported' }

/** The Authorization header that answers a challenge: digest where offered, else basic. */
export function answerChallenge(_input: ChallengeInput): ChallengeAnswer {
  throw new Error('not yet')
}
