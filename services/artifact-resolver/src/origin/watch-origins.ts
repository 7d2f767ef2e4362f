import type { Cancel } from '@sluice/runtime'
import { LOG } from '../observability.ts'
import type { Parts } from '../parts.ts'
import { recheckOrigin } from './recheck-origin.ts'
import { recheckStored } from './recheck-stored.ts'

/**
 * Compares what operators' own servers host with what was verified, as each falls due, and what devices suspect; one
 * image at a time.
 */
export function watchOrigins(parts: Parts): () => Promise<void> {
  const stopping = new AbortController()
  let running: Promise<void> | null = null
  const run = async () => {
    const { signal } = stopping
    while (!signal.aborted && ((await recheckStored(parts, signal)) || (await recheckOrigin(parts, signal))));
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
