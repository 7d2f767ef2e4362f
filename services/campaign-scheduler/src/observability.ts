import { type BatchObservableResult, metrics } from '@opentelemetry/api'
import type { Ownership } from './ownership.ts'
import { SERVICE } from './parts.ts'
import type { Backlogs } from './store/backlogs.ts'

export type Metrics = ReturnType<typeof createMetrics>

/** The scheduler's instruments. Without a telemetry start they cost nothing and go nowhere. */
export function createMetrics() {
  const meter = metrics.getMeter(SERVICE)
  return {
    claims: meter.createCounter('scheduler.claims', { description: 'Claims, by answer and reason.' }),
    claimBatch: meter.createHistogram('scheduler.claim_batch', { description: 'Claims committed together.' }),
    facts: meter.createCounter('scheduler.facts', { description: 'Facts, by kind and what came of them.' }),
    outcomes: meter.createCounter('scheduler.outcomes', { description: 'Outcomes reached, by kind.' }),
    orphans: meter.createCounter('scheduler.orphans', {
      description: 'Observations that no upgrade could be found for.',
    }),
    gates: meter.createCounter('scheduler.gate_decisions', { description: 'What gates decided.' }),
    taken: meter.createCounter('scheduler.campaigns_taken', {
      description: 'Campaigns that this replica took, from who handed them over or died.',
    }),
    conflicts: meter.createCounter('scheduler.conflicts', {
      description: 'Transactions that had to be done again.',
    }),
  }
}

/** Shows what waits, at each scrape, until the returned function is called. */
export function showBacklogs(read: () => Promise<Backlogs>): () => void {
  const meter = metrics.getMeter(SERVICE)
  const gauge = (name: string, description: string, unit?: string) =>
    meter.createObservableGauge(`scheduler.${name}`, { description, ...(unit === undefined ? {} : { unit }) })
  const gauges = {
    timerLateMs: gauge('timer_late', 'How long the oldest timer that is over has not been told so.', 'ms'),
    sweepsWaiting: gauge('sweeps_waiting', 'Sweeps that are not done.'),
    outagesWaiting: gauge('outages_waiting', 'Outages that not everybody has been excused for: time stands still.'),
    inDoubt: gauge('in_doubt', 'Upgrades whose device may or may not have taken the Download.'),
    campaignsRunning: gauge('campaigns_running', 'Campaigns that run.'),
  }
  const observe = async (result: BatchObservableResult): Promise<void> => {
    try {
      const backlogs = await read()
      for (const [name, instrument] of Object.entries(gauges)) {
        result.observe(instrument, backlogs[name as keyof Backlogs])
      }
    } catch {
      // The database is away: no figure is better than a wrong one.
    }
  }
  meter.addBatchObservableCallback(observe, Object.values(gauges))
  return () => meter.removeBatchObservableCallback(observe, Object.values(gauges))
}

/** Shows what this replica looks after, until the returned function is called. */
export function showOwnership(figures: Ownership['figures']): () => void {
  const meter = metrics.getMeter(SERVICE)
  const gauge = (name: string, description: string) => meter.createObservableGauge(`scheduler.${name}`, { description })
  const owned = gauge('campaigns_owned', 'Campaigns that this replica looks after.')
  const campaigns = gauge('campaigns_to_own', 'Campaigns that have to be looked after, by whatever replica.')
  const replicas = gauge('replicas_alive', 'Schedulers that are alive.')
  const observe = (result: BatchObservableResult): void => {
    const now = figures()
    result.observe(owned, now.owned)
    result.observe(campaigns, now.campaigns)
    result.observe(replicas, now.replicas)
  }
  const instruments = [owned, campaigns, replicas]
  meter.addBatchObservableCallback(observe, instruments)
  return () => meter.removeBatchObservableCallback(observe, instruments)
}
