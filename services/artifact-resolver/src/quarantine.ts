import type { Cancel } from '@sluice/runtime'
import { LOG } from './observability.ts'
import type { Parts } from './parts.ts'
import { findArtifacts } from './store/artifacts.ts'

/** What stays behind costs space and nothing else. */
export async function clearQuarantine(
  artifactId: string,
  parts: Pick<Parts, 'images' | 'log'>,
  only?: { readonly olderThan: number },
): Promise<void> {
  try {
    await parts.images.remove(artifactId, only)
  } catch (err) {
    parts.log.warn({ err, artifact_id: artifactId }, LOG.quarantineNotCleared)
  }
}

const HOUR_MS = 3_600_000
/** Beyond the longest upload or import: what is older is nobody's work any more. */
const MARGIN_MS = 60_000

/** Sweeps at once, and then every hour. */
export function keepQuarantineSwept(parts: Parts): Cancel {
  const sweep = () =>
    void sweepQuarantine(parts).catch((err: unknown) => parts.log.warn({ err }, LOG.quarantineNotCleared))
  sweep()
  return parts.clock.every(HOUR_MS, sweep)
}

/**
 * Removes what killed writers left half written, what lies in quarantine for nobody (stored and never registered, or
 * settled since), and rejected images whose time as evidence is over. An id that the catalogue does not know stays: it
 * may be the wrong catalogue.
 */
export async function sweepQuarantine(
  parts: Pick<Parts, 'sql' | 'images' | 'clock' | 'log' | 'settings'>,
): Promise<void> {
  const { intake, imports, keepRejectedMs } = parts.settings
  const now = parts.clock.now()
  const idleSince = now - Math.max(intake.deadlineMs, imports.deadlineMs) - MARGIN_MS
  const unfinished = await parts.images.sweepUnfinished(idleSince)
  const old = (await parts.images.listQuarantined()).filter(({ since }) => since < idleSince)
  const artifacts = await findArtifacts(
    parts.sql,
    old.map(({ artifactId }) => artifactId),
  )
  const leftOver = old.filter(({ artifactId, since }) => {
    const artifact = artifacts.get(artifactId)
    // Also where it was revoked afterwards: that makes it no less of an evidence.
    if (artifact?.verdict?.trusted === false) return since < now - keepRejectedMs
    return artifact !== undefined && artifact.status !== 'quarantined'
  })
  // Looked at again as it is removed: another image may have come to lie there meanwhile.
  for (const { artifactId } of leftOver) await clearQuarantine(artifactId, parts, { olderThan: idleSince })
  if (unfinished + leftOver.length > 0) {
    parts.log.info({ unfinished, left_over: leftOver.map(({ artifactId }) => artifactId) }, LOG.quarantineSwept)
  }
}
