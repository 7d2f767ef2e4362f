import { metrics } from '@opentelemetry/api'
import { CALL_METHODS, type CredentialRole } from '@sluice/contracts'
import { faultCodes, knownEventCodes } from '@sluice/cwmp'

export const SERVICE = 'cwmp-gateway'

export interface Instruments {
  posted(status: number, reason: string | undefined, ms: number): void
  sessionOpened(): void
  sessionEnded(): void
  informed(events: readonly string[]): void
  /** An RPC that a CPE sent, or was sent. */
  requested(from: 'cpe' | 'acs', rpc: string): void
  /** A fault, by the RPC it answers, or that reports it. */
  faulted(rpc: string, code: number): void
  /** How long answering a POST that holds this RPC took. */
  handled(rpc: string, ms: number): void
  /** With which credential a session was begun; `none` where none was asked for. */
  authenticated(role: CredentialRole | 'none'): void
  redirected(rule: string): void
  messageDropped(): void
  observed(fact: string): void
  tolerated(warning: string): void
}

/** Counters of this service; names as in OpenTelemetry, units in the description where they are not counts. */
export function createInstruments(): Instruments {
  const meter = metrics.getMeter(SERVICE)
  const posts = meter.createCounter('cwmp.posts', { description: 'POSTs of CPE, by status and reason' })
  const duration = meter.createHistogram('cwmp.post.duration', { unit: 'ms', description: 'Time to answer a POST' })
  const sessions = meter.createCounter('cwmp.sessions', { description: 'Sessions opened and ended' })
  const informs = meter.createCounter('cwmp.informs', { description: 'Informs acknowledged, by event' })
  const requests = meter.createCounter('cwmp.requests', { description: 'RPCs, by who asked and by RPC' })
  const faults = meter.createCounter('cwmp.faults', { description: 'Faults, by RPC and fault code' })
  const durations = meter.createHistogram('cwmp.rpc.duration', { unit: 'ms', description: 'Time to answer, by RPC' })
  const credentials = meter.createCounter('cwmp.credentials', { description: 'Sessions begun, by the credential used' })
  const redirects = meter.createCounter('cwmp.redirects', { description: 'Sessions sent to another ACS, by rule' })
  const dropped = meter.createCounter('cwmp.messages.dropped', { description: 'Lines of message logs given up' })
  const facts = meter.createCounter('cwmp.facts', { description: 'Facts handed over, by kind' })
  const warnings = meter.createCounter('cwmp.quirks', { description: 'Departures from the specification, by code' })
  return {
    posted: (status, reason = 'none', ms) => {
      posts.add(1, { status, reason })
      duration.record(ms)
    },
    sessionOpened: () => sessions.add(1, { what: 'opened' }),
    sessionEnded: () => sessions.add(1, { what: 'ended' }),
    informed: (events) => events.forEach((code) => informs.add(1, { event: eventLabel(code) })),
    requested: (from, rpc) => requests.add(1, { from, rpc: rpcLabel(rpc) }),
    faulted: (rpc, code) => faults.add(1, { rpc: rpcLabel(rpc), code: faultLabel(code) }),
    handled: (rpc, ms) => durations.record(ms, { rpc: rpcLabel(rpc) }),
    authenticated: (role) => credentials.add(1, { role }),
    redirected: (rule) => redirects.add(1, { rule }),
    messageDropped: () => dropped.add(1),
    observed: (fact) => facts.add(1, { fact }),
    tolerated: (warning) => warnings.add(1, { code: warning }),
  }
}

/** A CPE may write any event: what is not in the table must not make a series of its own. */
export function eventLabel(code: string): string {
  return knownEventCodes.has(code) ? code : 'other'
}

/** RPCs that are counted by name: of TR-069, each with its response, and an empty POST. */
const KNOWN_RPCS: ReadonlySet<string> = new Set(
  [
    'Inform',
    'TransferComplete',
    'AutonomousTransferComplete',
    'RequestDownload',
    'DUStateChangeComplete',
    'AutonomousDUStateChangeComplete',
    'Kicked',
    ...CALL_METHODS,
  ].flatMap((rpc) => [rpc, `${rpc}Response`]),
)

export function rpcLabel(rpc: string): string {
  return KNOWN_RPCS.has(rpc) || rpc === 'Fault' || rpc === 'empty' ? rpc : 'other'
}

/** Vendors have codes of their own (9800 to 9899, and what they please). */
export function faultLabel(code: number): string {
  return faultCodes.has(code) ? String(code) : 'vendor'
}
