import { metrics } from '@opentelemetry/api'
import { SERVICE } from './parts.ts'

export type Metrics = ReturnType<typeof createMetrics>

/** The scheduler's instruments. Without a telemetry start they cost nothing and go nowhere. */
export function createMetrics() {
  const meter = metrics.getMeter(SERVICE)
  return {
    claims: meter.createCounter('sluice.scheduler.claims', { description: 'Claims, by answer and reason.' }),
    claimBatch: meter.createHistogram('sluice.scheduler.claim_batch', { description: 'Claims committed together.' }),
    facts: meter.createCounter('sluice.scheduler.facts', { description: 'Facts, by kind and what came of them.' }),
    outcomes: meter.createCounter('sluice.scheduler.outcomes', { description: 'Outcomes reached, by kind.' }),
    orphans: meter.createCounter('sluice.scheduler.orphans', {
      description: 'Observations that no upgrade could be found for.',
    }),
    gates: meter.createCounter('sluice.scheduler.gate_decisions', { description: 'What gates decided.' }),
    conflicts: meter.createCounter('sluice.scheduler.conflicts', {
      description: 'Transactions that had to be done again.',
    }),
  }
}
