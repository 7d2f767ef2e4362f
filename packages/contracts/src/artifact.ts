import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { ReleaseId } from './release.ts'
import { ImageFormat, SignedStatement, Verdict } from './verdict.ts'
import {
  Actor,
  ArtifactId,
  AttemptId,
  CampaignId,
  Count,
  Cursor,
  DeviceKey,
  ModelFit,
  Sha256,
  SoftwareVersion,
  Time,
  UpgradeId,
  nullable,
} from './values.ts'

export const SignatureAlgorithm = Type.Enum([
  'ed25519',
  'ecdsa_p256_sha256',
  'ecdsa_p256_sha512',
  'ecdsa_p384_sha384',
  'rsa_pss_sha256',
  'rsa_pkcs1_sha256',
  'minisign',
  'signify',
  'cms',
])
export type SignatureAlgorithm = Static<typeof SignatureAlgorithm>

/** A detached signature over the whole image. */
export const DetachedSignature = Type.Object({
  algorithm: SignatureAlgorithm,
  /** Standard base64; ECDSA in DER; of minisign and signify the signature file; CMS in DER, or in PEM as it is. */
  value: Type.String({ minLength: 16, maxLength: 16_384 }),
})

/** What an operator says of an image when it is brought in. */
export const ArtifactDraft = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 128 }),
    fits: Type.Array(Type.Object(ModelFit.properties, { additionalProperties: false }), { minItems: 1, maxItems: 64 }),
    /** The version the image carries. */
    version: SoftwareVersion,
    /** The exact strings a device reports once it runs it; the version itself where absent. */
    softwareVersions: Type.Optional(Type.Array(SoftwareVersion, { minItems: 1, maxItems: 16 })),
    /** Absent: what it looks like. `raw`: nobody looks inside, and only detached signatures say something. */
    format: Type.Optional(ImageFormat),
    /** The boards it has to be made for, by the image's own names. Absent: the hardware versions of what it fits. */
    boards: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1, maxItems: 64 })),
    size: Type.Optional(Type.Integer({ minimum: 1 })),
    sha256: Type.Optional(Sha256),
    signatures: Type.Array(Type.Object(DetachedSignature.properties, { additionalProperties: false }), { maxItems: 8 }),
    /** Where to fetch it from. Absent: the bytes are uploaded. */
    sourceUrl: Type.Optional(Type.String({ maxLength: 256 })),
    /** Who serves it to the devices: our file server, or the operator's own server at sourceUrl. */
    hosting: Type.Optional(Type.Union([Type.Literal('file_server'), Type.Literal('origin')])),
  },
  { additionalProperties: false },
)
export type ArtifactDraft = Static<typeof ArtifactDraft>

export const ArtifactStatus = Type.Union([
  Type.Literal('awaiting_content'),
  Type.Literal('quarantined'),
  Type.Literal('trusted'),
  Type.Literal('rejected'),
  Type.Literal('revoked'),
])

const Detail = nullable(Type.String({ maxLength: 512 }))
/** How it goes with the fetching of an image from its source. */
const ImportState = Type.Union([
  /** It is fetched at dueAt at the latest; detail says why the last attempt failed. */
  Type.Object({ state: Type.Literal('waiting'), attempts: Count, detail: Detail, dueAt: Time }),
  Type.Object({ state: Type.Literal('fetched'), attempts: Count }),
  Type.Object({ state: Type.Literal('given_up'), attempts: Count, detail: Detail }),
])
/** What is known of the copy that devices fetch from the operator's own server. */
const OriginState = Type.Union([
  Type.Object({
    state: Type.Union([Type.Literal('unchecked'), Type.Literal('as_verified')]),
    checkedAt: nullable(Time),
  }),
  /** `held`: it was unreachable so often in a row that no device is sent there until it answers as before. */
  Type.Object({
    state: Type.Union([Type.Literal('unreachable'), Type.Literal('held')]),
    checkedAt: nullable(Time),
    failures: Count,
    detail: Detail,
  }),
])

export const Artifact = Type.Object({
  artifactId: ArtifactId,
  name: Type.String(),
  fits: Type.Array(ModelFit),
  version: SoftwareVersion,
  softwareVersions: Type.Array(SoftwareVersion),
  /** As declared, or as it was found to be; null: neither yet. */
  format: nullable(ImageFormat),
  status: ArtifactStatus,
  /** As declared until the bytes are there, then as measured. */
  size: nullable(Count),
  sha256: nullable(Sha256),
  hosting: Type.Union([Type.Literal('file_server'), Type.Literal('origin')]),
  sourceUrl: nullable(Type.String()),
  /** Null: its bytes are uploaded. */
  import: nullable(ImportState),
  /** Null: our file server hosts it, or it is not trusted. */
  origin: nullable(OriginState),
  /** In lists without its checks and its evidence. */
  verdict: nullable(Verdict),
  /** The verdict as the verifier signed it. In lists it is left out. */
  statement: Type.Optional(SignedStatement),
  createdAt: Time,
  createdBy: Actor,
})
export type Artifact = Static<typeof Artifact>

/** The bytes lie in quarantine. The verifier reads them there by artifactId. */
export const artifactRegistered = event('artifact.registered', {
  delivery: 'stored',
  consumers: ['firmware-verifier'],
  key: 'artifactId',
  description: 'An image lies in quarantine, measured, and waits for its verdict.',
  data: Type.Object({
    artifactId: ArtifactId,
    size: Count,
    sha256: Sha256,
    declaredSize: nullable(Count),
    declaredSha256: nullable(Sha256),
    /** Null: as it looks. */
    format: nullable(ImageFormat),
    version: SoftwareVersion,
    softwareVersions: Type.Array(SoftwareVersion),
    /** Null: the hardware versions of what it fits. */
    boards: nullable(Type.Array(Type.String())),
    fits: Type.Array(ModelFit),
    signatures: Type.Array(DetachedSignature),
    actor: Actor,
  }),
})

/** What the verdict is stands in the statement alone, under the verifier's signature. */
const Judged = Type.Object({ artifactId: ArtifactId, statement: SignedStatement })

export const artifactTrusted = event('artifact.trusted', {
  delivery: 'stored',
  consumers: ['artifact-resolver'],
  key: 'artifactId',
  description: 'The verifier trusts an image.',
  data: Judged,
})

export const artifactRejected = event('artifact.rejected', {
  delivery: 'stored',
  consumers: ['artifact-resolver'],
  key: 'artifactId',
  description: 'The verifier rejects an image, with every reason.',
  data: Judged,
})

export const artifactRevoked = event('artifact.revoked', {
  delivery: 'stored',
  consumers: ['artifact-resolver', 'campaign-scheduler'],
  key: 'artifactId',
  description: 'Trust in an image was withdrawn: it is never offered again.',
  data: Type.Object({
    artifactId: ArtifactId,
    reason: Type.String({ maxLength: 512 }),
    actor: Actor,
  }),
})

export const artifactSuspected = event('artifact.suspected', {
  delivery: 'stored',
  consumers: ['artifact-resolver'],
  key: 'artifactId',
  description: 'A device says that what it fetched is damaged (9018, 9019): what it was sent is to be hashed again.',
  data: Type.Object({ artifactId: ArtifactId, campaignId: CampaignId, faultCode: Type.Integer() }),
})

/** Told as the hashing begins, and so no more often than that. */
export const imageDoubted = event('image.doubted', {
  delivery: 'live',
  consumers: [],
  key: 'all',
  description: 'What is kept in memory of an image is to be read again.',
  data: Type.Object({ sha256: Sha256 }),
})

export const artifactCreate = request('artifact.create', {
  server: 'artifact-resolver',
  deadlineMs: 10_000,
  description: 'Describes an image. With a sourceUrl the fetch begins; else its content is awaited at the intake.',
  input: Type.Object({ draft: ArtifactDraft, actor: Actor }),
  output: Artifact,
})
export const artifactGet = request('artifact.get', {
  server: 'artifact-resolver',
  deadlineMs: 5_000,
  description: 'One artifact with its verdict.',
  input: Type.Object({ artifactId: ArtifactId }),
  output: Artifact,
})
export const artifactList = request('artifact.list', {
  server: 'artifact-resolver',
  deadlineMs: 5_000,
  description: 'Artifacts, newest first.',
  input: Type.Object({
    cursor: Type.Optional(Cursor),
    limit: Type.Integer({ minimum: 1, maximum: 500 }),
  }),
  output: Type.Object({ items: Type.Array(Artifact), next: nullable(Cursor) }),
})
export const artifactRevoke = request('artifact.revoke', {
  server: 'artifact-resolver',
  deadlineMs: 10_000,
  description: 'Withdraws an artifact for good. The same again is no change, and is told again.',
  input: Type.Object({
    artifactId: ArtifactId,
    reason: Type.String({ minLength: 1, maxLength: 512 }),
    actor: Actor,
  }),
  output: Artifact,
})

/** What a Download says (TR-069 A.3.2.8). The password exists only in this answer and on the wire. */
export const DownloadOffer = Type.Object({
  url: Type.String({ maxLength: 256 }),
  username: Type.String({ maxLength: 256 }),
  password: Type.String({ maxLength: 256 }),
  fileSize: Count,
  targetFileName: Type.String({ maxLength: 256 }),
})
export type DownloadOffer = Static<typeof DownloadOffer>

export const artifactResolve = request('artifact.resolve', {
  server: 'artifact-resolver',
  deadlineMs: 3_000,
  description: 'What exactly each of these attempts should fetch, from where, with which credentials. Fails closed.',
  input: Type.Object({
    items: Type.Array(
      Type.Object({
        attemptId: AttemptId,
        upgradeId: UpgradeId,
        campaignId: CampaignId,
        artifactId: ArtifactId,
        deviceKey: DeviceKey,
        oui: Type.String(),
        productClass: Type.String(),
        hardwareVersion: nullable(Type.String()),
        /** Characters of the longest URL the model takes. Absent: 256 (TR-069 A.3.2.8). */
        urlMaxLength: Type.Optional(Type.Integer({ minimum: 64, maximum: 256 })),
        /** The release that the attempt rests on. Absent: none has to cover it. */
        releaseId: Type.Optional(ReleaseId),
        /** Until when the credentials hold. */
        expiresAt: Time,
      }),
      { minItems: 1, maxItems: 256 },
    ),
  }),
  output: Type.Object({
    items: Type.Array(
      Type.Union([
        Type.Object({
          kind: Type.Literal('resolved'),
          attemptId: AttemptId,
          download: DownloadOffer,
        }),
        Type.Object({
          kind: Type.Literal('unresolved'),
          attemptId: AttemptId,
          reason: Type.Union([
            Type.Literal('unknown_artifact'),
            Type.Literal('not_trusted'),
            Type.Literal('revoked'),
            Type.Literal('release_revoked'),
            Type.Literal('model_does_not_fit'),
            Type.Literal('url_too_long'),
            /** Its copy at the operator's server cannot be read at present. */
            Type.Literal('origin_unavailable'),
          ]),
        }),
      ]),
    ),
  }),
})
