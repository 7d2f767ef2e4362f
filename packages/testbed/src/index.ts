export { ensureServers, type ServerPrograms } from './servers/ensure-servers.ts'
export { type NatsWithUsers, startNats, startNatsWithUsers } from './servers/nats.ts'
export { startPostgres } from './servers/postgres.ts'
export { startNginx } from './servers/nginx.ts'
export { findProsody, startProsody, type Prosody } from './servers/prosody.ts'
export { startRedis } from './servers/redis.ts'
export type { TestServer } from './servers/test-server.ts'
export { type Authority, createAuthority, type Signed } from './certificates.ts'
export { freshDatabase, freshNamespace } from './fresh-database.ts'
export { inMemory, prepareEmbedded } from './ready-embedded.ts'
export { freePort } from './free-port.ts'
export { type OutsideConsumer, connectOutside } from './outside-consumer.ts'
export { waitUntil } from './wait-until.ts'
export { startProcess, type ProcessSettings, type StartedProcess } from './start-process.ts'
export { createFaultProxy, type Fault, type FaultProxy } from './proxies/fault-proxy.ts'
export { startRoundRobinProxy } from './proxies/round-robin-proxy.ts'
export { createSpanCollector, type CollectedSpan, type SpanCollector } from './collectors/span-collector.ts'
export { plainFileServer, type PlainFileServer } from './plain-file-server.ts'
export { TestbedError, type TestbedErrorCode } from './testbed-error.ts'
export { checkHistory } from './history/check-history.ts'
export type {
  CapsOfAll,
  Chain,
  DeviceLine,
  History,
  JournalRow,
  Reported,
  ReportedArtifact,
  ReportedCampaign,
  ReportedUpgrade,
  Violation,
} from './history/history.ts'
export { type HistorySources, type Query, readHistory } from './history/read-history.ts'
