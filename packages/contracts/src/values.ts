import Type, { type Static } from 'typebox'

/** RFC 3339 UTC, for example `2026-11-20T16:11:55.000Z`. */
export const Time = Type.String({ format: 'date-time', maxLength: 40 })
/** `dev_` and 26 base32 characters: the hash of a device's identity. */
export const DeviceKey = Type.String({ pattern: '^dev_[a-z2-7]{26}$' })
export const CampaignId = Type.String({ pattern: '^cmp_[0-9A-HJKMNP-TV-Z]{26}$' })
export const ArtifactId = Type.String({ pattern: '^art_[0-9A-HJKMNP-TV-Z]{26}$' })
export const UpgradeId = Type.String({ pattern: '^upg_[0-9A-HJKMNP-TV-Z]{26}$' })
/** `fw` and a ULID: also the CWMP CommandKey, which may have 32 characters (TR-069 A.3.2.8). */
export const AttemptId = Type.String({ pattern: '^fw[0-9A-HJKMNP-TV-Z]{26}$' })
/** An operator's call of one device, a task: 30 characters, so it also serves as a CommandKey. */
export const TaskId = Type.String({ pattern: '^tsk_[0-9A-HJKMNP-TV-Z]{26}$' })
export const FleetTaskId = Type.String({ pattern: '^ftk_[0-9A-HJKMNP-TV-Z]{26}$' })
/** TR-069 A.5, and what vendors make up. */
export const FaultCode = Type.Integer({ minimum: 0, maximum: 99_999 })
/** No FileType of firmware (TR-069 A.3.2.8). */
export const FIRMWARE_EXCLUDED = '^(?!\\s*1[^0-9]|\\s*1$).+$'
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
export const Count = Type.Integer({ minimum: 0 })
/** A duration that somebody sets: at most 400 days, so that no sum of them leaves what a time can be. */
export const Milliseconds = Type.Integer({ minimum: 0, maximum: 400 * 24 * 3_600_000 })
/** A duration that was measured or reckoned. */
export const Elapsed = Type.Integer({ minimum: 0 })
/** A version string exactly as a device reports it in DeviceInfo.SoftwareVersion. */
export const SoftwareVersion = Type.String({ minLength: 1, maxLength: 64 })
/** W3C trace context, `00-<trace id>-<span id>-<flags>`. */
export const Traceparent = Type.String({ pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' })
/** Where the next page starts; opaque. Absent: from the start. */
export const Cursor = Type.String({ maxLength: 200 })
/** Who did it: `operator:<name>`, `service:<name>` or `device:<deviceKey>`. */
export const Actor = Type.String({ minLength: 1, maxLength: 128 })

export const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/** What an image fits: OUI, product class and, where named, only these hardware versions. */
export const ModelFit = Type.Object({
  oui: Type.String({ pattern: '^[0-9A-F]{6}$' }),
  productClass: Type.String({ maxLength: 64 }),
  hardwareVersions: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 })),
})
export type ModelFit = Static<typeof ModelFit>
