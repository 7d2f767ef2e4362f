import { createHmac } from 'node:crypto'
import {
  checkNonce,
  digestChallenge,
  ha1,
  issueNonce,
  parseAuthorization,
  verifyBasic,
  verifyDigest,
} from '@sluice/http-auth'
import { randomToken, type Clock } from '@sluice/runtime'

export type Authenticated =
  | { readonly kind: 'passed' }
  /** Nothing wrong was said yet: the client is asked, or asked again. */
  | { readonly kind: 'challenge'; readonly header: string }
  | { readonly kind: 'wrong'; readonly header: string }

export interface Authenticator {
  check(request: {
    readonly method: string
    readonly authorization: string | undefined
    readonly attemptId: string
    readonly password: string
  }): Authenticated
}

const REALM = 'sluice-files'
const NONCE_MAX_AGE_MS = 15 * 60_000

/**
 * Digest, or basic where the client chose it, with the attempt's own credentials (TR-069 3.7.2.4 leaves the choice to
 * the server). The token in the path has been checked before this: without `required`, a client that sends no
 * credentials passes; one that sends wrong ones never does.
 */
export function createAuthenticator(clock: Clock, key: Uint8Array, required: boolean): Authenticator {
  const nonceSecret = createHmac('sha256', key).update('sluice file server nonce').digest()
  const challenge = (stale: boolean) =>
    digestChallenge({
      realm: REALM,
      nonce: issueNonce(nonceSecret, clock.now(), Buffer.from(randomToken(12), 'base64url')),
      stale,
    })

  return {
    check({ method, authorization: header, attemptId, password }) {
      const authorization = parseAuthorization(header)
      if (authorization.kind === 'none')
        return required ? { kind: 'challenge', header: challenge(false) } : { kind: 'passed' }
      const wrong = (): Authenticated => ({ kind: 'wrong', header: challenge(false) })
      if (authorization.kind === 'unreadable' || authorization.username !== attemptId) return wrong()
      const expected = ha1(attemptId, REALM, password)
      if (authorization.kind === 'basic') {
        return verifyBasic({ authorization, ha1: expected, realm: REALM }) ? { kind: 'passed' } : wrong()
      }
      if (authorization.realm !== REALM || !verifyDigest({ authorization, method, ha1: expected })) return wrong()
      // By the right password: a nonce that is old, or from before the key was changed, is no wrong credential.
      const nonce = checkNonce(nonceSecret, authorization.nonce, clock.now(), NONCE_MAX_AGE_MS)
      return nonce === 'good' ? { kind: 'passed' } : { kind: 'challenge', header: challenge(true) }
    },
  }
}
