import { attemptObserved, shardOf, upgradeTraceparent, type Observation, type ObservedFact } from '@sluice/contracts'
import type { Bus } from '@sluice/bus'
import type { Cancel, Clock, Ids, Log } from '@sluice/runtime'
import { LOG, METRICS } from './observability.ts'

/** Tells the scheduler what was served and refused, without ever holding up a byte. */
export interface FactReporter {
  report(upgradeId: string, fact: ObservedFact): void
  /** Publishes what is left, for as long as that goes well. */
  stop(): Promise<void>
}

const MAX_BATCH = 256
/** What is published costs by the batch. No decision of the scheduler is a matter of less than a second. */
const GATHER_MS = 200
const RETRY_MS = 1_000

/**
 * Facts wait in memory, at most `maxWaiting`, and are published in order. What a crash or a long outage loses are
 * hints: the machine settles an upgrade by what the device itself reports.
 */
export function createFactReporter(
  parts: { readonly bus: Bus; readonly clock: Clock; readonly ids: Ids; readonly log: Log },
  maxWaiting = 10_000,
): FactReporter {
  const { bus, clock, ids, log } = parts
  let waiting: Observation[] = []
  /** Stays what it is until it is published: the bus deduplicates by its id, so nothing may join it later. */
  let batch: { readonly id: string; readonly key: string; readonly data: { items: Observation[] } } | null = null
  let timer: Cancel | null = null
  let publishing: Promise<boolean> | null = null
  let stopped = false

  const publishBatch = async (): Promise<boolean> => {
    batch ??= nextBatch()
    if (batch === null) return true
    try {
      await bus.publish(attemptObserved, [batch])
      batch = null
      return true
    } catch (error) {
      log.warn({ err: error, waiting: waiting.length }, LOG.factsNotPublished)
      return false
    }
  }
  const nextBatch = () => {
    const items = waiting.slice(0, MAX_BATCH)
    const [first] = items
    if (first === undefined) return null
    waiting = waiting.slice(items.length)
    return { id: ids.event(), key: shardOf(attemptOf(first)), data: { items } }
  }
  const flush = async (): Promise<boolean> => {
    publishing ??= publishBatch()
    const done = await publishing.finally(() => (publishing = null))
    if (!done) schedule(RETRY_MS)
    else if (waiting.length > 0) schedule(0)
    return done
  }
  const schedule = (ms: number) => {
    if (stopped) return
    timer ??= clock.after(ms, () => {
      timer = null
      void flush()
    })
  }

  return {
    report(upgradeId, fact) {
      const at = new Date(clock.now()).toISOString()
      waiting.push({ id: ids.observation(), deviceKey: null, at, traceparent: upgradeTraceparent(upgradeId), fact })
      if (waiting.length > maxWaiting) {
        waiting.shift()
        METRICS.factsDropped.add(1)
      }
      schedule(GATHER_MS)
    },
    async stop() {
      stopped = true
      timer?.()
      await publishing
      while (batch !== null || waiting.length > 0) {
        if (!(await flush())) break
      }
      const lost = waiting.length + (batch?.data.items.length ?? 0)
      if (lost > 0) log.warn({ lost }, LOG.factsDropped)
    },
  }
}

function attemptOf({ fact }: Observation): string {
  return 'attemptId' in fact ? fact.attemptId : ''
}
