import type { Cancel } from '@sluice/runtime'
import { LOG } from '../observability.ts'
import type { Parts } from '../parts.ts'
import { importNext } from './import-next.ts'

/** Fetches the sources of artifacts, a few at a time, each by one replica at a time; survives a restart. */
export interface Importer {
  start(): void
  /** There may be something to fetch. Never waits, never throws. */
  wake(): void
  stop(): Promise<void>
}

/** A server that drips holds up no other, and a hundred sources are no hundred connections. */
const AT_ONCE = 4

export function createImporter(parts: Parts): Importer {
  const { clock, log } = parts
  const stopping = new AbortController()
  const lanes = new Set<Promise<void>>()
  let cancelSweep: Cancel = () => undefined
  let wokenAgain = false

  const run = async () => {
    do {
      wokenAgain = false
      while (!stopping.signal.aborted && (await importNext(parts, stopping.signal)));
    } while (wokenAgain && !stopping.signal.aborted)
  }
  const wake = () => {
    wokenAgain = true
    if (lanes.size >= AT_ONCE || stopping.signal.aborted) return
    const lane = run()
      .catch((err: unknown) => log.error({ err }, LOG.importFailed))
      .finally(() => lanes.delete(lane))
    lanes.add(lane)
  }
  return {
    start: () => {
      cancelSweep = clock.every(parts.settings.imports.retryMs, wake)
      wake()
    },
    wake,
    stop: async () => {
      cancelSweep()
      stopping.abort()
      await Promise.all(lanes)
    },
  }
}
