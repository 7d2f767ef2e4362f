import { type BatchObservableResult, metrics } from '@opentelemetry/api'
import type { Queryable } from '@sluice/sql'
import type { Clock } from '@sluice/runtime'
import { SERVICE } from './parts.ts'

export type Metrics = ReturnType<typeof createMetrics>

/** Every metric of the service. Its log events are `device_tasks.<entity>.<action>` and `fleet_task.<entity>.<action>`. */
export function createMetrics() {
  const meter = metrics.getMeter(SERVICE)
  return {
    tasksCreated: meter.createCounter('device_tasks.created', { description: 'Tasks written, by method.' }),
    tasksEnded: meter.createCounter('device_tasks.ended', {
      description: 'Tasks that ended, by method and by how.',
    }),
    claims: meter.createCounter('device_tasks.claims', { description: 'Claims of gateways, by answer.' }),
  }
}

/** Shows what waits, at each scrape, until the returned function is called. */
export function showWaiting({ sql, clock }: { readonly sql: Queryable; readonly clock: Clock }): () => void {
  const meter = metrics.getMeter(SERVICE)
  const waiting = meter.createObservableGauge('device_tasks.waiting', {
    description: 'Tasks that wait for their device.',
  })
  const ageMs = meter.createObservableGauge('device_tasks.oldest_waiting', {
    description: 'How long the oldest of them has waited.',
    unit: 'ms',
  })
  const observe = async (result: BatchObservableResult): Promise<void> => {
    try {
      const [row] = await sql.query<{ n: number; oldest: number | null }>(
        `select count(*) as n,
           (select created_at from tasks.tasks where state = 'waiting' order by task_id limit 1) as oldest
         from tasks.tasks where state = 'waiting'`,
      )
      result.observe(waiting, row?.n ?? 0)
      result.observe(ageMs, row?.oldest == null ? 0 : clock.now() - row.oldest)
    } catch {
      // The database is away: no figure is better than a wrong one.
    }
  }
  meter.addBatchObservableCallback(observe, [waiting, ageMs])
  return () => meter.removeBatchObservableCallback(observe, [waiting, ageMs])
}
