import { ImageStoreError } from '@sluice/image-store'
import { RuntimeError, withDeadline } from '@sluice/runtime'
import { findMisfit, mostBytes, tooLong } from '../declared-content.ts'
import { LOG } from '../observability.ts'
import type { Parts } from '../parts.ts'
import { clearQuarantine } from '../quarantine.ts'
import { registerContent } from '../register-content.ts'
import { markJudged, type ArtifactRow } from '../store/artifacts.ts'
import { claimImport, noteImport, postponeImport } from '../store/imports.ts'
import { Stalled } from './ask-http.ts'
import { backoffMs } from './backoff.ts'
import { openSource } from './open-source.ts'
import type { FetchedSource } from './read-answer.ts'

/** Then a source that did not answer is given up. */
const MAX_ATTEMPTS = 5
/**
 * How many first waits until we try again what our own fault prevented, however often it was before: a person mends it,
 * and each try takes the whole image from somebody's server.
 */
const WAITS_FOR_US = 10
/** The lease outlives the fetch: who still holds it has been killed. */
const LEASE_MARGIN_MS = 30_000

type Outcome =
  | { readonly kind: 'stored'; readonly size: number; readonly sha256: string }
  /** It would be the same the next time: `code` is the reason of the rejection. */
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string }
  /** The source's fault, and it may pass. */
  | { readonly kind: 'failed'; readonly detail: string }
  /** Our own store's fault: nobody's source is given up for it. */
  | { readonly kind: 'ours'; readonly detail: string }

/** Fetches the next source that is due into quarantine. False: there is none. */
export async function importNext(parts: Parts, stopping: AbortSignal): Promise<boolean> {
  const { deadlineMs } = parts.settings.imports
  const now = parts.clock.now()
  const artifact = await claimImport(parts.sql, now, now + deadlineMs + LEASE_MARGIN_MS)
  if (artifact === null) return false
  const { artifact_id: artifactId, import_attempts: attempts } = artifact
  const outcome = await fetchIntoQuarantine(artifact, parts, stopping)
  if (outcome.kind === 'stored') {
    await registerContent(artifactId, outcome, parts)
    return true
  }
  // Stopped, not failed: whoever starts next goes on at once.
  if (stopping.aborted) {
    await postponeImport(parts.sql, { artifactId, dueAt: parts.clock.now(), attempts, detail: null })
    return false
  }
  await settle(artifact, outcome, parts)
  return true
}

async function fetchIntoQuarantine(artifact: ArtifactRow, parts: Parts, stopping: AbortSignal): Promise<Outcome> {
  const { maxImageBytes, imports } = parts.settings
  const maxBytes = mostBytes(artifact, maxImageBytes)
  const fetch = async (deadline: AbortSignal): Promise<Outcome> => {
    const signal = AbortSignal.any([deadline, stopping])
    const opened = await openSource(artifact.source_url ?? '', imports, { maxBytes, signal })
    if (opened.kind === 'refused') return { ...opened, code: 'source_refused' }
    if (opened.kind === 'failed') return opened
    try {
      return await store(artifact, opened, { maxBytes, signal }, parts)
    } finally {
      // Our store may fail before it reads any of it.
      opened.body.destroy()
    }
  }
  try {
    return await withDeadline(fetch, imports.deadlineMs, { clock: parts.clock, what: 'the import' })
  } catch (error) {
    return whatBroke(error)
  }
}

async function store(
  artifact: ArtifactRow,
  { body, framed }: Extract<FetchedSource, { kind: 'open' }>,
  limits: { readonly maxBytes: number; readonly signal: AbortSignal },
  parts: Parts,
): Promise<Outcome> {
  const { artifact_id: artifactId, declared_size: declared } = artifact
  const stored = await parts.images.quarantine(artifactId, body, limits)
  if (stored.kind === 'too_large') {
    return { kind: 'refused', code: 'source_refused', detail: tooLong(artifact, limits.maxBytes) }
  }
  const misfit = findMisfit(artifact, stored)
  if (misfit === null) return stored
  await clearQuarantine(artifactId, parts)
  const mayBeCut = !framed && stored.size < (declared ?? Infinity)
  if (!mayBeCut) return { kind: 'refused', ...misfit }
  return { kind: 'failed', detail: `${misfit.detail}, and nothing says whether it broke off` }
}

function whatBroke(error: unknown): Outcome {
  if (error instanceof RuntimeError && error.code === 'deadline_exceeded')
    return { kind: 'failed', detail: error.message }
  if (!(error instanceof ImageStoreError) || error.code !== 'source_failed')
    return { kind: 'ours', detail: error instanceof Error ? error.message : 'error' }
  const { cause } = error
  return {
    kind: 'failed',
    detail: cause instanceof Stalled ? `the source stalled: ${cause.message}` : 'the source broke off',
  }
}

async function settle(
  artifact: ArtifactRow,
  outcome: Exclude<Outcome, { kind: 'stored' }>,
  parts: Parts,
): Promise<void> {
  const { artifact_id: artifactId, import_attempts: before } = artifact
  const { retryMs } = parts.settings.imports
  const isOurs = outcome.kind === 'ours'
  const attempts = isOurs ? before : before + 1
  const detail = outcome.detail.slice(0, 512)
  parts.observability.importFailures.add(1, { outcome: outcome.kind })
  parts.log.warn({ artifact_id: artifactId, outcome: outcome.kind, detail, attempts }, LOG.importFailed)
  const isOver = outcome.kind === 'refused' || (outcome.kind === 'failed' && attempts >= MAX_ATTEMPTS)
  if (isOver) {
    const code = outcome.kind === 'refused' ? outcome.code : 'source_failed'
    return rejectUnfetched(artifactId, { code, detail }, parts)
  }
  const dueAt = parts.clock.now() + (isOurs ? WAITS_FOR_US * retryMs : backoffMs(attempts, retryMs))
  await postponeImport(parts.sql, { artifactId, dueAt, attempts, detail })
}

async function rejectUnfetched(
  artifactId: string,
  reason: { readonly code: string; readonly detail: string },
  parts: Parts,
): Promise<void> {
  const now = parts.clock.now()
  const verdict = { trusted: false, reasons: [reason], checks: [], at: new Date(now).toISOString() }
  await parts.sql.transaction(async (tx) => {
    if (!(await markJudged(tx, { artifactId, sha256: null, verdict, statement: null }))) return
    await noteImport(tx, artifactId, reason.detail)
    const actor = 'service:artifact-resolver'
    const data = { artifactId, ...reason }
    await parts.journal.append(tx, [{ direction: 'note', at: now, actor, kind: 'artifact.import_failed', data }])
  })
}
