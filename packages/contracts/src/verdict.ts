import Type, { type Static } from 'typebox'
import { ArtifactId, Count, Sha256, Time, nullable } from './values.ts'

export const ImageFormat = Type.Enum([
  'raw',
  'openwrt_sysupgrade',
  'tr069_signed_package',
  'rauc_bundle',
  'swupdate',
  'fit',
  'uimage',
])
export type ImageFormat = Static<typeof ImageFormat>

const Text = Type.String({ maxLength: 512 })

export const VerdictReason = Type.Object({ code: Type.String({ maxLength: 64 }), detail: Text })

export const VerdictCheck = Type.Object({
  check: Type.String({ maxLength: 64 }),
  passed: Type.Boolean(),
  keyId: Type.Optional(Type.String({ maxLength: 64 })),
  detail: Type.Optional(Text),
})

/** What an image does to a subscriber's settings, as it says itself. */
export const SettingsEffect = Type.Object({
  effect: Type.Union([
    Type.Literal('unknown'),
    Type.Literal('kept'),
    Type.Literal('lost'),
    /** Lost by devices that run another minor compat_version (OpenWrt); another major takes no image at all. */
    Type.Literal('by_compat_version'),
  ]),
  /** For people. */
  sentence: Text,
})
export type SettingsEffect = Static<typeof SettingsEffect>

/** What a verdict rests on, so that somebody who was not there can follow it. */
export const Evidence = Type.Object({
  /** As it was found to be; null: none was made out. */
  format: nullable(ImageFormat),
  size: Count,
  sha256: Sha256,
  /** What the image says of itself; null: nothing. */
  version: nullable(Text),
  description: nullable(Text),
  boards: nullable(Type.Array(Text)),
  fromVersions: nullable(Type.Object({ min: nullable(Text), max: nullable(Text) })),
  settings: SettingsEffect,
  reboots: nullable(Type.Boolean()),
  builtAt: nullable(Time),
  members: Type.Array(Type.Object({ name: Text, size: Count, sha256: nullable(Type.String()) })),
  more: Type.Record(Type.String(), Text),
  /** Bytes that no signature and no digest covers, and why a change there is harmless. `end` is the first byte after. */
  unsigned: Type.Array(Type.Object({ start: Count, end: Count, why: Text })),
  /** The keys of the trust store that signed it, by name; `vouches`: counted for the verdict. */
  keys: Type.Array(
    Type.Object({
      keyId: Type.String(),
      name: Type.String(),
      vouches: Type.Boolean(),
      /** Of a certificate: whom it names and who issued it. */
      certificate: nullable(Type.Object({ subject: Text, issuer: Text, notAfter: Time })),
      /** Subjects of the certificates between, from the signer to this key. Empty: it signed by itself. */
      chain: Type.Array(Text),
    }),
  ),
  requiredKeys: Type.Integer(),
  /** Lists were cut: how many entries of all of them are not here. */
  leftOut: Count,
})
export type Evidence = Static<typeof Evidence>

export const Verdict = Type.Object({
  trusted: Type.Boolean(),
  /** Why not, one entry per failed check. Empty when trusted. */
  reasons: Type.Array(VerdictReason),
  /** Everything that was looked at, in order. */
  checks: Type.Array(VerdictCheck),
  at: Time,
  /** Absent where nobody could look at the image, and in lists. */
  evidence: Type.Optional(Evidence),
})
export type Verdict = Static<typeof Verdict>

/** A DSSE envelope; `payload` and `sig` in standard base64. */
export const SignedStatement = Type.Object({
  payloadType: Type.String({ maxLength: 128 }),
  payload: Type.String({ maxLength: 400_000 }),
  signatures: Type.Array(
    Type.Object({ keyid: Type.String({ maxLength: 64 }), sig: Type.String({ maxLength: 2_048 }) }),
    { maxItems: 8 },
  ),
})
export type SignedStatement = Static<typeof SignedStatement>

export const VERDICT_TYPE = 'application/vnd.sluice.verdict+json'

/** What the payload of a signed verdict says, as JSON. It is of these bytes of this artifact, and of nothing else. */
export const VerdictStatement = Type.Object({ artifactId: ArtifactId, sha256: Sha256, verdict: Verdict })
export type VerdictStatement = Static<typeof VerdictStatement>
