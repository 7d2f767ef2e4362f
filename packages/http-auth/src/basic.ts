import type { BasicAuthorization } from './authorization.ts'

/** Whether the password is the one HA1 was made of. */
export function verifyBasic(_input: {
  readonly authorization: BasicAuthorization
  readonly ha1: string
  readonly realm: string
}): boolean {
  throw new Error('not yet')
}
