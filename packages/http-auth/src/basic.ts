import type { BasicAuthorization } from './authorization.ts'
import { constantTimeEqual } from './constant-time-equal.ts'
import { ha1 } from './digest.ts'

/** Whether the password is the one HA1 was made of, so that one stored secret serves both schemes. */
export function verifyBasic(input: {
  readonly authorization: BasicAuthorization
  readonly ha1: string
  readonly realm: string
}): boolean {
  const { username, password } = input.authorization
  return constantTimeEqual(ha1(username, input.realm, password), input.ha1)
}
