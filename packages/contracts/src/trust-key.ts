import Type, { type Static } from 'typebox'
import { SignatureAlgorithm } from './artifact.ts'
import { request } from './define.ts'
import { Actor, Cursor, Time, nullable } from './values.ts'

/** First 16 hexadecimal characters of SHA-256 over the SubjectPublicKeyInfo. */
export const KeyId = Type.String({ pattern: '^[0-9a-f]{16}$' })

const Oui = Type.String({ pattern: '^[0-9A-F]{6}$' })

/** What a signature of the key says: that an image is the vendor's, or that a version is released. */
export const KeyPurpose = Type.Union([Type.Literal('image'), Type.Literal('release')])
export type KeyPurpose = Static<typeof KeyPurpose>

export const KeyModel = Type.Object(
  { oui: Oui, productClass: Type.String({ minLength: 1, maxLength: 64 }) },
  { additionalProperties: false },
)

/** A public key or an X.509 certificate in PEM. */
export const PublicKeyPem = Type.String({ minLength: 1, maxLength: 8_192 })

/** What an operator says of a key. */
export const TrustKeyDraft = {
  name: Type.String({ minLength: 1, maxLength: 128 }),
  publicKeyPem: PublicKeyPem,
  /** What it may sign. Absent: what the key may that it succeeds, or images. */
  purposes: Type.Optional(Type.Array(KeyPurpose, { minItems: 1, maxItems: 2 })),
  /** Vendors it may sign for, and models of others; nothing in both: any. Absent: as the key that it succeeds. */
  ouis: Type.Optional(Type.Array(Oui, { maxItems: 64 })),
  models: Type.Optional(Type.Array(KeyModel, { maxItems: 64 })),
  /** The first moment in which it may sign, and the first in which it may no more. */
  validFrom: Type.Optional(nullable(Time)),
  validUntil: Type.Optional(nullable(Time)),
  /** The key whose place it takes, with the same purposes and models unless told. That one stays as it is. */
  succeeds: Type.Optional(KeyId),
}

/** When a key may sign; null: no such bound. */
export const KeyValidity = { validFrom: nullable(Time), validUntil: nullable(Time) }

/** What a second person agrees to, as they saw it: a longer validity; null: the key itself. */
export const KeyApproval = { validity: nullable(Type.Object(KeyValidity, { additionalProperties: false })) }

export const TrustKey = Type.Object({
  keyId: KeyId,
  name: Type.String(),
  publicKeyPem: Type.String(),
  algorithms: Type.Array(SignatureAlgorithm),
  purposes: Type.Array(KeyPurpose),
  /** OUIs of the vendors it may sign for, and models of others; nothing in both: any. */
  ouis: Type.Array(Type.String()),
  models: Type.Array(KeyModel),
  ...KeyValidity,
  succeeds: nullable(KeyId),
  /** Whether it may vouch now, or why not. */
  state: Type.Union([
    Type.Literal('awaiting_approval'),
    Type.Literal('not_yet_valid'),
    Type.Literal('in_force'),
    Type.Literal('expired'),
    Type.Literal('revoked'),
  ]),
  addedAt: Time,
  addedBy: Actor,
  /** Where a second person is asked for: who agreed to the key. */
  approval: Type.Object({ needed: Type.Boolean(), givenBy: nullable(Actor), givenAt: nullable(Time) }),
  /** A longer validity that a second person has not agreed to yet. */
  proposed: nullable(Type.Object({ ...KeyValidity, by: Actor, at: Time })),
  revokedAt: nullable(Time),
  revokedBy: nullable(Actor),
  revokedReason: nullable(Type.String()),
})
export type TrustKey = Static<typeof TrustKey>

export const trustKeyAdd = request('trust_key.add', {
  server: 'firmware-verifier',
  deadlineMs: 5_000,
  description: 'Adds a public key to the trust store; where a second person is asked for, it vouches once approved.',
  input: Type.Object({ ...TrustKeyDraft, actor: Actor }),
  output: TrustKey,
})
/** A page of long keys for many models still fits into one message. */
export const MAX_LISTED_KEYS = 32

export const trustKeyList = request('trust_key.list', {
  server: 'firmware-verifier',
  deadlineMs: 5_000,
  description: 'Keys of the trust store, newest first, revoked ones included.',
  input: Type.Object({
    cursor: Type.Optional(Cursor),
    limit: Type.Integer({ minimum: 1, maximum: MAX_LISTED_KEYS }),
  }),
  output: Type.Object({ items: Type.Array(TrustKey), next: nullable(Cursor) }),
})
export const trustKeyApprove = request('trust_key.approve', {
  server: 'firmware-verifier',
  deadlineMs: 5_000,
  description:
    'Agrees to a key that was added, or to this longer validity of it: by another person than who asked for it. Refused where something else waits.',
  input: Type.Object({ keyId: KeyId, ...KeyApproval, actor: Actor }),
  output: TrustKey,
})
export const trustKeyLimit = request('trust_key.limit', {
  server: 'firmware-verifier',
  deadlineMs: 5_000,
  description:
    'Sets when a key may sign. A shorter time holds at once; a longer one, where a second person is asked for, once approved.',
  input: Type.Object({ keyId: KeyId, ...KeyValidity, actor: Actor }),
  output: TrustKey,
})
export const trustKeyRevoke = request('trust_key.revoke', {
  server: 'firmware-verifier',
  deadlineMs: 10_000,
  description:
    'Revokes a key; what only it vouched for is revoked with it. The same again is no change, and what fell is told again.',
  input: Type.Object({
    keyId: KeyId,
    /** Of a key that the store may not have, such as that of a certificate in between: it is taken in as revoked. */
    publicKeyPem: Type.Optional(PublicKeyPem),
    reason: Type.String({ minLength: 1, maxLength: 512 }),
    actor: Actor,
  }),
  output: TrustKey,
})
