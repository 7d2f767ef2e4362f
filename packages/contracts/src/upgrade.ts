import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { DownloadOffer } from './artifact.ts'
import { KeptSettings } from './kept-settings.ts'
import { Snapshot } from './observation.ts'
import { RETRIED_OUTCOMES } from './retry-of.ts'
import { Watch } from './task.ts'
import { BackupId } from './upload.ts'
import {
  Actor,
  ArtifactId,
  AttemptId,
  CampaignId,
  Count,
  Cursor,
  DeviceKey,
  FaultCode,
  Milliseconds,
  SoftwareVersion,
  Time,
  UpgradeId,
  nullable,
} from './values.ts'

export const upgradeClaim = request('upgrade.claim', {
  server: 'campaign-scheduler',
  deadlineMs: 5_000,
  description: 'May this device be upgraded now? `go` means that the attempt is committed already.',
  input: Type.Object({
    deviceKey: DeviceKey,
    upgradeId: UpgradeId,
    sessionId: Type.String({ maxLength: 64 }),
    oui: Type.String({ maxLength: 6 }),
    productClass: Type.String({ maxLength: 64 }),
    hardwareVersion: nullable(Type.String({ maxLength: 64 })),
    softwareVersion: SoftwareVersion,
    snapshot: Snapshot,
    /** Characters of the longest Download URL its model takes. Absent: 256 (TR-069 A.3.2.8). */
    urlMaxLength: Type.Optional(Type.Integer({ minimum: 64, maximum: 256 })),
    /** What its model takes longer for than a campaign allows; absent: nothing. */
    slowness: Type.Optional(Type.Object({ answerMs: Milliseconds, rebootMs: Milliseconds })),
    /** Its model has a check list. */
    hasChecks: Type.Optional(Type.Boolean()),
    /** Where its hint asked for it: settings that may be put back, by path. */
    keptSettings: Type.Optional(KeptSettings),
    /** Its model is known to take ScheduleDownload. */
    takesScheduleDownload: Type.Optional(Type.Boolean()),
  }),
  output: Type.Union([
    Type.Object({
      kind: Type.Literal('go'),
      attemptId: AttemptId,
      download: DownloadOffer,
      delaySeconds: Count,
      successUrl: Type.Optional(Type.String({ maxLength: 256 })),
      failureUrl: Type.Optional(Type.String({ maxLength: 256 })),
      /** ScheduleDownload instead of Download, with these windows (TR-069 A.4.1.8): seconds from now. */
      schedule: Type.Optional(
        Type.Array(
          Type.Object({
            startSeconds: Count,
            endSeconds: Count,
            mode: Type.String({ maxLength: 64 }),
            userMessage: Type.String({ maxLength: 256 }),
            maxRetries: Type.Integer({ minimum: -1 }),
          }),
          { minItems: 1, maxItems: 2 },
        ),
      ),
      /** `other`: the device refused the arguments its model usually takes (9002, 9003). Absent: `usual`. */
      downloadArguments: Type.Optional(Type.Union([Type.Literal('usual'), Type.Literal('other')])),
      watch: Watch,
    }),
    Type.Object({ kind: Type.Literal('not_before'), at: Time, reason: Type.String() }),
    /** First a backup: Upload with this id as its CommandKey, then ask again, at the latest `until`. */
    Type.Object({
      kind: Type.Literal('backup'),
      uploadId: BackupId,
      fileType: Type.String({ maxLength: 64 }),
      url: Type.String({ maxLength: 256 }),
      username: Type.String({ maxLength: 256 }),
      password: Type.String({ maxLength: 256 }),
      until: Time,
    }),
    /** The hint is void. */
    Type.Object({ kind: Type.Literal('gone'), reason: Type.String() }),
    /** An attempt is open already, perhaps from a session that died: watch it, never send it again. */
    Type.Object({ kind: Type.Literal('open'), watch: Watch, check: Type.Boolean() }),
  ]),
})

/** `pending` to `retry` are on their way; the rest are outcomes, which late facts may still move. */
export const UpgradeState = Type.Enum([
  'pending',
  'offered',
  'in_doubt',
  'accepted',
  'transferring',
  'returning',
  'verifying',
  'cancelling',
  'retry',
  'verified',
  ...RETRIED_OUTCOMES,
])

export const Upgrade = Type.Object({
  upgradeId: UpgradeId,
  campaignId: CampaignId,
  artifactId: ArtifactId,
  deviceKey: DeviceKey,
  deviceName: Type.String(),
  wave: Type.Integer({ minimum: 1 }),
  /** 1, and more after a stepping stone. */
  leg: Type.Integer({ minimum: 1 }),
  site: nullable(Type.String()),
  state: UpgradeState,
  /** The class it counts in: pending, in_flight, unproven, success, config_lost, hard, silent, stalled, benign. */
  countsAs: Type.String(),
  /** Present once settled, for example `image_rejected`. */
  reason: nullable(Type.String()),
  faultCode: nullable(FaultCode),
  /** With the reason `check_failed`: which. */
  failedChecks: Type.Optional(Type.Array(Type.String())),
  /** What is worth knowing beside the outcome, for example `restored`. */
  annotations: Type.Optional(Type.Array(Type.String())),
  /** Why a pending one waits: computed now, never stored. */
  waitsFor: nullable(Type.String()),
  attempts: Count,
  attemptId: nullable(AttemptId),
  fromVersion: nullable(SoftwareVersion),
  reportedVersion: nullable(SoftwareVersion),
  traceId: Type.String(),
  updatedAt: Time,
})
export type Upgrade = Static<typeof Upgrade>

export const HistoryEntry = Type.Object({
  seq: Count,
  at: Time,
  actor: Actor,
  traceId: nullable(Type.String()),
  kind: Type.String(),
  campaignId: nullable(CampaignId),
  upgradeId: nullable(UpgradeId),
  attemptId: nullable(AttemptId),
  deviceKey: nullable(DeviceKey),
  data: Type.Unknown(),
})
export type HistoryEntry = Static<typeof HistoryEntry>

export const upgradeList = request('upgrade.list', {
  server: 'campaign-scheduler',
  deadlineMs: 10_000,
  description: 'Upgrades of a campaign or of a device, in the order of upgrade id.',
  input: Type.Object({
    campaignId: Type.Optional(CampaignId),
    deviceKey: Type.Optional(DeviceKey),
    state: Type.Optional(UpgradeState),
    wave: Type.Optional(Type.Integer({ minimum: 1 })),
    cursor: Type.Optional(Cursor),
    limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
  }),
  output: Type.Object({ items: Type.Array(Upgrade), next: nullable(Cursor) }),
})
export const upgradeGet = request('upgrade.get', {
  server: 'campaign-scheduler',
  deadlineMs: 5_000,
  description: 'One upgrade.',
  input: Type.Object({ upgradeId: UpgradeId }),
  output: Upgrade,
})
export const historyList = request('history.list', {
  server: 'campaign-scheduler',
  deadlineMs: 10_000,
  description: 'The audit trail of campaigns, of all, a campaign, an upgrade or a device, oldest first.',
  input: Type.Object({
    campaignId: Type.Optional(CampaignId),
    upgradeId: Type.Optional(UpgradeId),
    deviceKey: Type.Optional(DeviceKey),
    /** In the order of seq. A page may be short before the last one: read on until it is empty. What is being written while this is read may appear below a seq that was seen. */
    afterSeq: Type.Optional(Count),
    /**
     * In the order of sealing, which passes nothing over: `0` from the start, then the answer's `next`. An entry is sealed
     * within seconds. Not together with afterSeq.
     */
    after: Type.Optional(Cursor),
    limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
  }),
  output: Type.Object({
    items: Type.Array(HistoryEntry),
    /** With `after`: where to go on; there may be more even where this page is empty, unless `end`. */
    next: Type.Optional(Cursor),
    /** With `after`: all that was sealed so far was looked at. */
    end: Type.Optional(Type.Boolean()),
  }),
})

export const historyErase = request('history.erase', {
  server: 'campaign-scheduler',
  deadlineMs: 30_000,
  description:
    'Forgets what upgrades did to a device: entries leave their hashes, upgrades that are over still count and name nobody. What is under way stays.',
  input: Type.Object({ deviceKey: DeviceKey, actor: Actor }),
  output: Type.Object({
    /** Entries of the audit trail. */
    entries: Count,
    /** Upgrades that name nobody any more. */
    upgrades: Count,
    /** Upgrades that are not over, or of which something late may come: to be asked for again when they are. */
    underWay: Count,
  }),
})

/** For people and OSS/BSS: which state an upgrade moved to. */
export const upgradeChanged = event('upgrade.changed', {
  delivery: 'live',
  consumers: [],
  key: 'campaignId',
  description: 'Upgrades moved. Live only: the history has them all.',
  data: Type.Object({
    items: Type.Array(
      Type.Object({
        upgradeId: UpgradeId,
        campaignId: CampaignId,
        deviceKey: DeviceKey,
        wave: Type.Integer(),
        from: Type.String(),
        to: Type.String(),
        reason: nullable(Type.String()),
        at: Time,
        /** Of its entry in the history. */
        seq: Count,
      }),
      { minItems: 1, maxItems: 500 },
    ),
  }),
})
