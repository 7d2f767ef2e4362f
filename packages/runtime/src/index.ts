export { type Admin, type AdminSettings, type Check, createAdmin } from './admin.ts'
export { type Batcher, type BatcherSettings, createBatcher } from './batcher.ts'
export { type CertificateFiles, type FollowedCertificates, followCertificates } from './certificate-files.ts'
export { type Cancel, type Clock, systemClock } from './clock.ts'
export { natsSettings, postgresSettings, processSettings, redisSettings, topologySettings } from './common-settings.ts'
export { withDeadline } from './deadline.ts'
export { createDeadlines } from './deadlines.ts'
export { type Drain, createDrain } from './drain.ts'
export { type Ids, createIds, randomFraction, randomToken } from './ids.ts'
export { LOG_LEVELS, type Log, type LogLevel, createLog } from './log.ts'
export { type ManualClock, createManualClock } from './manual-clock.ts'
export { NETWORKS_PATTERN, type Networks, parseNetworks } from './networks.ts'
export { type Process, type Started, runJob, runMain } from './run-main.ts'
export { RuntimeError, type RuntimeErrorCode } from './runtime-error.ts'
export {
  type Environment,
  type Setting,
  type Settings,
  type SettingsValues,
  defineSettings,
  readSettings,
  settingsTable,
} from './settings.ts'
export { type InSpanOptions, currentTraceparent, inSpan, isTraceparent } from './spans.ts'
export { type EndedSpan, type Telemetry, type TelemetrySettings, startTelemetry } from './telemetry.ts'
export { type SealedBox, createSealedBox } from './sealed-box.ts'
export { type StallWatch, startStallWatch } from './stall-watch.ts'
export { type Ticker, createTicker } from './ticker.ts'
