import { type Attributes, metrics } from '@opentelemetry/api'
import type { Clock } from '@sluice/runtime'

/** What both transports count, by the names of OpenTelemetry's messaging conventions. */
export interface Instruments {
  sent(name: string, count: number, error?: unknown): void
  consumed(name: string, count: number, error?: unknown): void
  deadLettered(name: string, reason: 'unfit' | 'delivered_too_often'): void
  /** Measures what takes time; `operation` is `process`, `publish`, `request` or `answer`. */
  timed<T>(operation: string, name: string, work: () => Promise<T>): Promise<T>
  /** `measure` is asked at each scrape for what waits; until the returned function is called. */
  watchPending(name: string, measure: () => Promise<number> | number): () => void
}

export function createInstruments(system: 'nats' | 'embedded', service: string, clock: Clock): Instruments {
  const meter = metrics.getMeter('@sluice/bus')
  const sent = meter.createCounter('messaging.client.sent.messages')
  const consumed = meter.createCounter('messaging.client.consumed.messages')
  const deadLetters = meter.createCounter('bus.dead_letters')
  const duration = meter.createHistogram('messaging.process.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] },
  })
  const pending = meter.createObservableGauge('bus.pending', { description: 'Stored events not yet acknowledged' })

  const attributes = (name: string, error?: unknown): Attributes => ({
    'messaging.system': system,
    'messaging.destination.template': name,
    'messaging.consumer.group.name': service,
    ...(error === undefined ? {} : { 'error.type': errorType(error) }),
  })
  return {
    sent: (name, count, error) => sent.add(count, attributes(name, error)),
    consumed: (name, count, error) => consumed.add(count, attributes(name, error)),
    deadLettered: (name, reason) => deadLetters.add(1, { ...attributes(name), reason }),
    async timed(operation, name, work) {
      const start = clock.now()
      let failure: unknown
      try {
        return await work()
      } catch (error) {
        failure = error
        throw error
      } finally {
        duration.record((clock.now() - start) / 1000, {
          ...attributes(name, failure),
          'messaging.operation.name': operation,
        })
      }
    },
    watchPending(name, measure) {
      const observe = async (result: { observe(value: number, attributes: Attributes): void }): Promise<void> => {
        try {
          result.observe(await measure(), attributes(name))
        } catch {
          // The transport is away. What is not observed would be exported as it was last.
          result.observe(Number.NaN, attributes(name))
        }
      }
      pending.addCallback(observe)
      return () => pending.removeCallback(observe)
    },
  }
}

function errorType(error: unknown): string {
  if (!(error instanceof Error)) return 'error'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
