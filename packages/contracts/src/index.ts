export {
  type Artifact,
  type ArtifactDraft,
  type DownloadOffer,
  type SignatureAlgorithm,
  Artifact as ArtifactSchema,
  ArtifactDraft as ArtifactDraftSchema,
  artifactCreate,
  artifactGet,
  artifactList,
  artifactRegistered,
  artifactRejected,
  artifactResolve,
  artifactRevoke,
  artifactRevoked,
  artifactSuspected,
  artifactTrusted,
  imageDoubted,
} from './artifact.ts'
export {
  AUDIT_TRAILS,
  type AuditPage,
  type AuditPart,
  type AuditRequest,
  type AuditTrail,
  artifactAuditList,
  auditList,
  deviceAuditList,
  taskAuditList,
  trustAuditList,
} from './audit.ts'
export { type Policy, type PolicyDraft, Policy as PolicySchema } from './campaign-policy.ts'
export type { Caps, CapsChange } from './campaign-caps.ts'
export { RETRIED_OUTCOMES, type RetriedOutcome, type RetryOf } from './retry-of.ts'
export {
  type Campaign,
  type CampaignDraft,
  type Counters,
  type DryRun,
  type Leg,
  Campaign as CampaignSchema,
  CampaignDraft as CampaignDraftSchema,
  RequestId as RequestIdSchema,
  campaignChanged,
  campaignControl,
  campaignCreate,
  campaignDryRun,
  campaignGet,
  campaignList,
  campaignRollBack,
  campaignSetCaps,
  gateAsk,
} from './campaign.ts'
export type { DataOf, EventMessage, InputOf, OutputOf, RequestMessage } from './define.ts'
export { type DeviceIdentity, deviceKeyOf, deviceNameOf, shardOf } from './device-identity.ts'
export {
  type BootstrapCredential,
  type CredentialRole,
  BootstrapCredential as BootstrapCredentialSchema,
  bootstrapCredentialList,
  bootstrapCredentialPut,
  bootstrapCredentialRemove,
  credentialChanged,
  credentialConfirm,
  credentialIssue,
  deviceCredential,
} from './device-credential.ts'
export {
  type Device,
  type DeviceChange,
  type DeviceFilter,
  type ImportedDevice,
  type InformedDevice,
  Device as DeviceSchema,
  DeviceChange as DeviceChangeSchema,
  DeviceFilter as DeviceFilterSchema,
  ImportedDevice as ImportedDeviceSchema,
  deviceChanged,
  deviceGet,
  deviceImport,
  deviceInformed,
  deviceList,
  deviceRemove,
  deviceUpdate,
} from './device.ts'
export {
  CALL_METHODS,
  type CallResult,
  type DeviceCall,
  DeviceCall as DeviceCallSchema,
  type LateResult,
} from './device-call.ts'
export { type DeviceMessage, deviceMessageList, deviceMessages } from './device-message.ts'
export {
  type DeviceTask,
  type DeviceTaskDraft,
  type DeviceTaskState,
  type FleetAction,
  type FleetTask,
  type FleetTaskDraft,
  DeviceTask as DeviceTaskSchema,
  DeviceTaskDraft as DeviceTaskDraftSchema,
  FleetTask as FleetTaskSchema,
  FleetTaskDraft as FleetTaskDraftSchema,
  fleetTaskCancel,
  fleetTaskCreate,
  fleetTaskGet,
  fleetTaskList,
  taskCancel,
  taskChanged,
  taskClaim,
  taskCreate,
  taskGet,
  taskList,
  taskPlacements,
  taskReport,
} from './device-task.ts'
export { ERROR_CODES, type ErrorCode, type Reply, answered, refused } from './errors.ts'
export {
  type GatewayRules,
  type RedirectRule,
  type StoredProfile,
  RedirectRule as RedirectRuleSchema,
  StoredProfile as StoredProfileSchema,
  gatewayRulesChanged,
  gatewayRulesGet,
  profileList,
  profilePut,
  profileRemove,
  redirectList,
  redirectPut,
  redirectRemove,
} from './gateway-rules.ts'
export { EVENTS, REQUESTS } from './messages.ts'
export { KeptSettings, settingsKept } from './kept-settings.ts'
export { ANSWERED_OUTSIDE, PUBLIC_EVENTS, PUBLIC_REQUESTS } from './public-messages.ts'
export { type Observation, type ObservedFact, type Snapshot, attemptObserved } from './observation.ts'
export { type Reach, deviceNotified, deviceReach, deviceSignature, deviceWake, deviceWoken } from './reach.ts'
export { type Placement, type Task, type Watch, PLACEMENT_KEPT_MS, placementList, taskPlaced } from './task.ts'
export {
  type Release,
  type ReleaseEnvelope,
  type ReleaseLine,
  type ReleaseStatement,
  Release as ReleaseSchema,
  releaseAdd,
  releaseAdded,
  releaseGet,
  releaseList,
  releaseRevoke,
  releaseRevoked,
} from './release.ts'
export {
  type CampaignReport,
  type Funnel,
  type ReportedAct,
  type StageTime,
  CampaignReport as CampaignReportSchema,
  STAGES,
  campaignReport,
} from './report.ts'
export { strangeCursor } from './strange-cursor.ts'
export { type TransferStops, transferStopsChanged, transferStopsGet } from './transfer.ts'
export { traceIdOf, upgradeTraceparent } from './upgrade-trace.ts'
export {
  type HistoryEntry,
  type Upgrade,
  HistoryEntry as HistoryEntrySchema,
  Upgrade as UpgradeSchema,
  historyErase,
  historyList,
  upgradeChanged,
  upgradeClaim,
  upgradeGet,
  upgradeList,
} from './upgrade.ts'
export { type UploadGrant, uploadGrant, uploadReceived } from './upload.ts'
export { type Checked, check } from './validate.ts'
export type { ModelFit } from './values.ts'
export {
  type BodyOf,
  OPERATIONS,
  type Operation,
  type OperationName,
  type ParamsOf,
  type Problem,
  Problem as ProblemSchema,
  type QueryOf,
  type ResponseOf,
} from './rest.ts'
export {
  type KeyPurpose,
  MAX_LISTED_KEYS,
  type TrustKey,
  TrustKey as TrustKeySchema,
  trustKeyAdd,
  trustKeyApprove,
  trustKeyLimit,
  trustKeyList,
  trustKeyRevoke,
} from './trust-key.ts'
export {
  type TrustThreshold,
  TrustThreshold as TrustThresholdSchema,
  trustThresholdApprove,
  trustThresholdList,
  trustThresholdPut,
} from './trust-threshold.ts'
export {
  type Evidence,
  type ImageFormat,
  type SettingsEffect,
  type SignedStatement,
  type Verdict,
  type VerdictStatement,
  VERDICT_TYPE,
  VerdictStatement as VerdictStatementSchema,
} from './verdict.ts'
