import type { DigestAuthorization } from './authorization.ts'

/** MD5(user:realm:password) in hexadecimal: what is stored instead of the password. */
export function ha1(_username: string, _realm: string, _password: string): string {
  throw new Error('not yet')
}

/** Whether the answer was made with this HA1 for this HTTP method. Says nothing about the nonce: see checkNonce. */
export function verifyDigest(_input: {
  readonly authorization: DigestAuthorization
  readonly method: string
  readonly ha1: string
}): boolean {
  throw new Error('not yet')
}
