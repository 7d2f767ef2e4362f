import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { Actor, Count, Cursor, ModelFit, Sha256, SoftwareVersion, Time, nullable } from './values.ts'

/** `rel_` and the first 32 hexadecimal digits of SHA-256 over the signed statement: who has the file knows it. */
export const ReleaseId = Type.String({ pattern: '^rel_[0-9a-f]{32}$' })

/** That an image may run on these models, as its vendor signed it. */
export const ReleaseStatement = Type.Object({
  schemaVersion: Type.Literal(1),
  vendor: Type.String(),
  /** The product line, in which the counter counts, on each model. */
  product: Type.String(),
  version: SoftwareVersion,
  /** The exact strings a device reports once it runs it. */
  softwareVersions: Type.Array(SoftwareVersion),
  /** Never stands for other bytes on its models again. */
  counter: Count,
  models: Type.Array(ModelFit),
  image: Type.Object({ size: Count, sha256: Sha256 }),
  minimumVersion: Type.Optional(SoftwareVersion),
  expires: Time,
  allowDowngrade: Type.Boolean(),
  notesUrl: Type.Optional(Type.String()),
})
export type ReleaseStatement = Static<typeof ReleaseStatement>

const closed = { additionalProperties: false } as const

/** DSSE 1.0; `payload` and `sig` in standard base64. */
export const ReleaseEnvelope = Type.Object(
  {
    payloadType: Type.String({ maxLength: 128 }),
    payload: Type.String({ maxLength: 131_072 }),
    signatures: Type.Array(
      Type.Object({ keyid: Type.String({ maxLength: 64 }), sig: Type.String({ maxLength: 2_048 }) }, closed),
      { maxItems: 8 },
    ),
  },
  closed,
)
export type ReleaseEnvelope = Static<typeof ReleaseEnvelope>

export const ReleaseStatus = Type.Union([Type.Literal('in_force'), Type.Literal('expired'), Type.Literal('revoked')])

export const Release = Type.Object({
  releaseId: ReleaseId,
  statement: ReleaseStatement,
  status: ReleaseStatus,
  /** The keys that vouched for it when it was looked at. */
  keyIds: Type.Array(Type.String()),
  /** The evidence: what was signed, byte for byte. */
  envelope: ReleaseEnvelope,
  addedAt: Time,
  addedBy: Actor,
  revokedAt: nullable(Time),
  revokedBy: nullable(Actor),
  revokedReason: nullable(Type.String()),
})
export type Release = Static<typeof Release>

/** A line of a list: a page of whole statements might not fit into one message. */
export const ReleaseLine = Type.Object({
  releaseId: ReleaseId,
  vendor: Type.String(),
  product: Type.String(),
  version: SoftwareVersion,
  counter: Count,
  sha256: Sha256,
  status: ReleaseStatus,
  expires: Time,
  addedAt: Time,
})
export type ReleaseLine = Static<typeof ReleaseLine>

export const releaseAdd = request('release.add', {
  server: 'firmware-verifier',
  deadlineMs: 5_000,
  description:
    'Checks a signed release against the trust store and keeps it. The same again is no change, and is told again.',
  input: Type.Object({ envelope: ReleaseEnvelope, actor: Actor }),
  output: Release,
})
export const releaseGet = request('release.get', {
  server: 'firmware-verifier',
  deadlineMs: 5_000,
  description: 'One release with its evidence.',
  input: Type.Object({ releaseId: ReleaseId }),
  output: Release,
})
export const releaseList = request('release.list', {
  server: 'firmware-verifier',
  deadlineMs: 5_000,
  description: 'Releases, newest first; of one product line or one image where that is asked.',
  input: Type.Object({
    product: Type.Optional(Type.String({ maxLength: 64 })),
    sha256: Type.Optional(Sha256),
    cursor: Type.Optional(Cursor),
    limit: Type.Integer({ minimum: 1, maximum: 500 }),
  }),
  output: Type.Object({ items: Type.Array(ReleaseLine), next: nullable(Cursor) }),
})
export const releaseRevoke = request('release.revoke', {
  server: 'firmware-verifier',
  deadlineMs: 10_000,
  description:
    'Withdraws a release for good; campaigns that rest on it stop. The same again is no change, and is told again.',
  input: Type.Object({
    releaseId: ReleaseId,
    reason: Type.String({ minLength: 1, maxLength: 512 }),
    actor: Actor,
  }),
  output: Release,
})

export const releaseAdded = event('release.added', {
  delivery: 'stored',
  consumers: ['campaign-scheduler'],
  key: 'releaseId',
  description: 'The verifier has checked and kept a release: campaigns may rest on it.',
  data: Type.Object({
    releaseId: ReleaseId,
    statement: ReleaseStatement,
    keyIds: Type.Array(Type.String()),
    actor: Actor,
  }),
})

export const releaseRevoked = event('release.revoked', {
  delivery: 'stored',
  consumers: ['artifact-resolver', 'campaign-scheduler'],
  key: 'releaseId',
  description: 'A release was withdrawn, or a key it leaned on was: nothing is offered on it again.',
  data: Type.Object({ releaseId: ReleaseId, reason: Type.String({ maxLength: 512 }), actor: Actor }),
})
