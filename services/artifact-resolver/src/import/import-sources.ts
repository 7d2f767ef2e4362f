import { ImageStoreError } from '@sluice/image-store'
import { withDeadline, type Cancel } from '@sluice/runtime'
import { LOG } from '../observability.ts'
import type { Parts } from '../parts.ts'
import { registerContent } from '../register-content.ts'
import { claimImport, markJudged, postponeImport, type ArtifactRow } from '../store/artifacts.ts'
import { fetchSource } from './fetch-source.ts'

/** Fetches the sources of artifacts, one at a time, each by one replica at a time; survives a restart. */
export interface Importer {
  start(): void
  /** There may be something to fetch. Never waits, never throws. */
  wake(): void
  stop(): Promise<void>
}

const MAX_ATTEMPTS = 3

export function createImporter(parts: Parts): Importer {
  const { clock, log } = parts
  const stopping = new AbortController()
  let cancelSweep: Cancel = () => undefined
  let running: Promise<void> | null = null
  let wokenAgain = false

  const run = async () => {
    do {
      wokenAgain = false
      while (!stopping.signal.aborted && (await importNext(parts, stopping.signal)));
    } while (wokenAgain && !stopping.signal.aborted)
  }
  const wake = () => {
    wokenAgain = true
    running ??= run()
      .catch((err: unknown) => log.error({ err }, LOG.importFailed))
      .finally(() => (running = null))
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
      await running
    },
  }
}

/** False: there is nothing to fetch now. */
async function importNext(parts: Parts, stopping: AbortSignal): Promise<boolean> {
  const { deadlineMs, retryMs } = parts.settings.imports
  const now = parts.clock.now()
  // The lease outlives the fetch: who still holds it has been killed.
  const artifact = await claimImport(parts.sql, now, now + deadlineMs + 30_000)
  if (artifact === null) return false
  const outcome = await fetchIntoQuarantine(artifact, parts, stopping)
  if (outcome.kind === 'stored') {
    await registerContent(artifact.artifact_id, outcome, parts)
    return true
  }
  // Stopped, not failed: whoever starts next goes on at once.
  if (stopping.aborted) return postponeImport(parts.sql, artifact.artifact_id, parts.clock.now()).then(() => false)
  parts.observability.importFailures.add(1)
  parts.log.warn({ artifact_id: artifact.artifact_id, outcome: outcome.kind, detail: outcome.detail }, LOG.importFailed)
  if (outcome.kind === 'failed' && artifact.import_attempts < MAX_ATTEMPTS) {
    await postponeImport(parts.sql, artifact.artifact_id, parts.clock.now() + retryMs)
  } else {
    await rejectUnfetched(artifact.artifact_id, outcome, parts)
  }
  return true
}

type Outcome =
  | { readonly kind: 'stored'; readonly size: number; readonly sha256: string }
  | { readonly kind: 'refused' | 'failed'; readonly detail: string }

async function fetchIntoQuarantine(artifact: ArtifactRow, parts: Parts, stopping: AbortSignal): Promise<Outcome> {
  const { maxImageBytes: maxBytes, imports } = parts.settings
  try {
    return await withDeadline(
      async (deadline): Promise<Outcome> => {
        const signal = AbortSignal.any([deadline, stopping])
        const source = await fetchSource(artifact.source_url ?? '', {
          labNetworks: imports.labNetworks,
          maxBytes,
          signal,
        })
        if (source.kind !== 'open') return source
        const stored = await parts.images.quarantine(artifact.artifact_id, source.body, { maxBytes, signal })
        if (stored.kind === 'too_large') return { kind: 'refused', detail: `more than ${maxBytes} bytes` }
        const { size, sha256 } = stored
        return { kind: 'stored', size, sha256 }
      },
      imports.deadlineMs,
      { clock: parts.clock, what: 'the import' },
    )
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const detail =
      error instanceof ImageStoreError && error.code === 'source_failed' ? 'the source broke off' : error.message
    return { kind: 'failed', detail }
  }
}

async function rejectUnfetched(
  artifactId: string,
  outcome: { kind: string; detail: string },
  parts: Parts,
): Promise<void> {
  const now = parts.clock.now()
  const code = outcome.kind === 'refused' ? 'source_refused' : 'source_failed'
  const reasons = [{ code, detail: outcome.detail.slice(0, 512) }]
  const verdict = { trusted: false, reasons, checks: [], at: new Date(now).toISOString() }
  await parts.sql.transaction(async (tx) => {
    if (!(await markJudged(tx, { artifactId, sha256: null, verdict, statement: null }))) return
    const actor = 'service:artifact-resolver'
    await parts.journal.append(tx, [
      {
        direction: 'note',
        at: now,
        actor,
        kind: 'artifact.import_failed',
        data: { artifactId, code, detail: outcome.detail },
      },
    ])
  })
}
