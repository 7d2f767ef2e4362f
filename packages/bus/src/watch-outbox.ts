import { type Attributes, type BatchObservableResult, metrics } from '@opentelemetry/api'
import type { Clock } from '@sluice/runtime'
import type { Backlog } from '@sluice/sql'
import type { Stop } from './bus.ts'

/** However often somebody scrapes, the database is asked no more than this often. */
const FRESH_MS = 10_000

/** Gauges of a service's outbox: what waits for the bus, for how long the oldest has, and what the bus refused for good. */
export function watchOutbox(service: string, backlog: () => Promise<Backlog>, clock: Clock): Stop {
  const meter = metrics.getMeter('@sluice/bus')
  const unpublished = meter.createObservableGauge('outbox.unpublished', { description: 'Events that wait for the bus' })
  const oldest = meter.createObservableGauge('outbox.oldest_age_seconds', {
    description: 'Age of the oldest of them',
    unit: 's',
  })
  const refused = meter.createObservableGauge('outbox.refused', { description: 'Events the bus refused for good' })
  const gauges = [unpublished, oldest, refused]
  const attributes: Attributes = { service }
  let read: Promise<Backlog> | undefined
  let readAt = 0

  const readSeldom = (): Promise<Backlog> => {
    if (read === undefined || clock.now() - readAt >= FRESH_MS) {
      readAt = clock.now()
      read = backlog()
    }
    return read
  }
  const observe = async (result: BatchObservableResult): Promise<void> => {
    try {
      const found = await readSeldom()
      result.observe(unpublished, found.unpublished, attributes)
      result.observe(oldest, found.oldestAt === undefined ? 0 : (clock.now() - found.oldestAt) / 1_000, attributes)
      result.observe(refused, found.refused, attributes)
    } catch {
      // The database is away. What is not observed would be exported as it was last.
      for (const gauge of gauges) result.observe(gauge, Number.NaN, attributes)
    }
  }
  meter.addBatchObservableCallback(observe, gauges)
  return async () => meter.removeBatchObservableCallback(observe, gauges)
}
