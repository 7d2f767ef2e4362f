import { metrics } from '@opentelemetry/api'
import { knownEventCodes } from '@sluice/cwmp'

export const SERVICE = 'cwmp-gateway'

export interface Instruments {
  posted(status: number, reason: string | undefined, ms: number): void
  sessionOpened(): void
  sessionEnded(): void
  informed(events: readonly string[]): void
  called(rpc: string): void
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
  const calls = meter.createCounter('cwmp.calls', { description: 'Requests sent to CPE, by RPC' })
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
    called: (rpc) => calls.add(1, { rpc }),
    observed: (fact) => facts.add(1, { fact }),
    tolerated: (warning) => warnings.add(1, { code: warning }),
  }
}

/** A CPE may write any event: what is not in the table must not make a series of its own. */
export function eventLabel(code: string): string {
  return knownEventCodes.has(code) ? code : 'other'
}
