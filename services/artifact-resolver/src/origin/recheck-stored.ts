import { addAbortSignal } from 'node:stream'
import { imageDoubted } from '@sluice/contracts'
import { withDeadline } from '@sluice/runtime'
import { RECHECK_REST_MS } from '../note-suspicions.ts'
import { LOG } from '../observability.ts'
import type { Parts } from '../parts.ts'
import { revokeArtifact } from '../revoke-artifacts.ts'
import type { ArtifactRow } from '../store/artifacts.ts'
import { claimSuspected, setRecheck, trustedCopiesOf } from '../store/suspicions.ts'
import { measureCopy } from './measure-copy.ts'
import { type Finding, OURSELVES, deadlineMs, leaseMs } from './recheck-origin.ts'

/**
 * Compares the next image of ours that devices suspect with what was verified, and has file servers read it again. Where
 * other bytes lie in its place, all that are sent from there are revoked, and the file is deleted: the image can then be
 * brought in anew. False: none is suspected.
 */
export async function recheckStored(parts: Parts, stopping: AbortSignal): Promise<boolean> {
  const { bus, clock, ids, images, log, observability, sql } = parts
  const now = clock.now()
  const artifact = await claimSuspected(sql, now, now + 2 * leaseMs(parts))
  if (artifact === null) return false
  const { artifact_id: artifactId } = artifact
  const sha256 = artifact.sha256 ?? ''
  bus.announce(imageDoubted, [{ id: ids.event(), key: 'all', data: { sha256 } }])
  const finding = await compareTwice(artifact, parts, stopping)
  if (stopping.aborted) {
    await setRecheck(sql, artifactId, now)
    return false
  }
  observability.storedChecks.add(1, { finding: finding.kind })
  if (finding.kind === 'away') {
    log.error({ artifact_id: artifactId, detail: finding.detail }, LOG.storedUnread)
    await setRecheck(sql, artifactId, clock.now() + RECHECK_REST_MS)
    return true
  }
  if (finding.kind === 'changed') {
    log.error({ artifact_id: artifactId, sha256, detail: finding.detail }, LOG.storedDamaged)
    for (const { artifact_id } of await trustedCopiesOf(sql, sha256)) {
      await revokeArtifact({ artifactId: artifact_id, reason: finding.detail, actor: OURSELVES }, parts)
    }
    await images.discard(sha256)
  }
  await setRecheck(sql, artifactId, null)
  return true
}

/** What was misread once is not revoked for good. */
async function compareTwice(artifact: ArtifactRow, parts: Parts, stopping: AbortSignal): Promise<Finding> {
  const first = await compare(artifact, parts, stopping)
  return first.kind === 'changed' ? compare(artifact, parts, stopping) : first
}

async function compare({ sha256, size }: ArtifactRow, parts: Parts, stopping: AbortSignal): Promise<Finding> {
  const { clock, images, settings } = parts
  const most = size ?? 0
  const read = async (deadline: AbortSignal): Promise<Finding> => {
    const opened = await images.open(sha256 ?? '')
    if (opened.kind === 'absent') return { kind: 'away', detail: 'it is not in the store' }
    const body = addAbortSignal(AbortSignal.any([deadline, stopping]), opened.stream)
    try {
      const copy = await measureCopy(body, { most, bytesPerSecond: settings.origin.bytesPerSecond, clock })
      if (copy.size === most && copy.sha256 === sha256) return { kind: 'same' }
      const found = copy.size > most ? `more than ${most} bytes` : `${copy.size} bytes with SHA-256 ${copy.sha256}`
      return { kind: 'changed', detail: `its copy in the store is no longer what was verified: ${found}` }
    } finally {
      body.destroy()
    }
  }
  try {
    return await withDeadline(read, deadlineMs(most, parts), { clock, what: 'reading the copy' })
  } catch (error) {
    return { kind: 'away', detail: String(error) }
  }
}
