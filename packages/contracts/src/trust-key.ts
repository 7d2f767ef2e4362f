import Type, { type Static } from 'typebox'
import { SignatureAlgorithm } from './artifact.ts'
import { request } from './define.ts'
import { Actor, Time, nullable } from './values.ts'

export const TrustKey = Type.Object({
  /** First 16 hexadecimal characters of SHA-256 over the SubjectPublicKeyInfo. */
  keyId: Type.String({ pattern: '^[0-9a-f]{16}$' }),
  name: Type.String(),
  publicKeyPem: Type.String(),
  algorithms: Type.Array(SignatureAlgorithm),
  /** OUIs of the vendors it may sign for; empty: any. */
  ouis: Type.Array(Type.String()),
  addedAt: Time,
  addedBy: Actor,
  revokedAt: nullable(Time),
  revokedBy: nullable(Actor),
  revokedReason: nullable(Type.String()),
})
export type TrustKey = Static<typeof TrustKey>

export const trustKeyAdd = request('trust_key.add', {
  server: 'firmware-verifier',
  deadlineMs: 5_000,
  description: 'Adds a public key to the trust store.',
  input: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 128 }),
    publicKeyPem: Type.String({ minLength: 1, maxLength: 8_192 }),
    ouis: Type.Array(Type.String({ pattern: '^[0-9A-F]{6}$' }), { maxItems: 64 }),
    actor: Actor,
  }),
  output: TrustKey,
})
export const trustKeyList = request('trust_key.list', {
  server: 'firmware-verifier',
  deadlineMs: 5_000,
  description: 'All keys of the trust store, revoked ones included.',
  input: Type.Object({}),
  output: Type.Object({ items: Type.Array(TrustKey) }),
})
export const trustKeyRevoke = request('trust_key.revoke', {
  server: 'firmware-verifier',
  deadlineMs: 10_000,
  description: 'Revokes a key; what only it vouched for is revoked with it.',
  input: Type.Object({
    keyId: Type.String({ pattern: '^[0-9a-f]{16}$' }),
    reason: Type.String({ minLength: 1, maxLength: 512 }),
    actor: Actor,
  }),
  output: TrustKey,
})
