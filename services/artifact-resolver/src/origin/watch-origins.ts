import type { Cancel } from '@sluice/runtime'
import { LOG } from '../observability.ts'
import type { Parts } from '../parts.ts'
import { recheckOrigin } from './recheck-origin.ts'

/** Compares what operators' own servers host with what was verified, one image at a time, as each falls due. */
export function watchOrigins(parts: Parts): () => Promise<void> {
  const stopping = new AbortController()
  let running: Promise<void> | null = null
  const run = async () => {
    while (!stopping.signal.aborted && (await recheckOrigin(parts, stopping.signal)));
  }
  const cancel: Cancel = parts.clock.every(parts.settings.imports.retryMs, () => {
    running ??= run()
      .catch((err: unknown) => parts.log.error({ err }, LOG.originNotChecked))
      .finally(() => (running = null))
  })
  return async () => {
    cancel()
    stopping.abort()
    await running
  }
}
