import { randomFraction, RuntimeError, withDeadline } from '@sluice/runtime'
import { reasonOf, Stalled } from '../import/ask-http.ts'
import { backoffMs } from '../import/backoff.ts'
import { openSource } from '../import/open-source.ts'
import { LOG } from '../observability.ts'
import type { Parts } from '../parts.ts'
import { revokeArtifact } from '../revoke-artifacts.ts'
import { isHeld, type ArtifactRow } from '../store/artifacts.ts'
import { claimOrigin, noteOriginAway, noteOriginSame, postponeOrigin } from '../store/origins.ts'
import { measureCopy } from './measure-copy.ts'

export type Finding =
  | { readonly kind: 'same' }
  /** Other bytes than those that were verified stand where devices fetch them. */
  | { readonly kind: 'changed'; readonly detail: string }
  /** There is no telling. */
  | { readonly kind: 'away'; readonly detail: string }

const LEASE_MARGIN_MS = 30_000
export const OURSELVES = 'service:artifact-resolver'

/**
 * Compares the next image that an operator's own server hosts with what was verified, by hashing every byte: an ETag is
 * only what that server says. Other bytes are revoked at once, for good. A server that cannot be asked is asked again;
 * after some times no device is sent there until it answers as before. False: there is none to compare.
 */
export async function recheckOrigin(parts: Parts, stopping: AbortSignal): Promise<boolean> {
  const { clock, sql, observability } = parts
  const now = clock.now()
  const artifact = await claimOrigin(sql, now, now + leaseMs(parts))
  if (artifact === null) return false
  const { artifact_id: artifactId } = artifact
  const finding = await compare(artifact, parts, stopping)
  if (stopping.aborted) {
    await postponeOrigin(sql, artifactId, now)
    return false
  }
  observability.originChecks.add(1, { finding: finding.kind })
  if (finding.kind === 'same') {
    await noteOriginSame(sql, {
      artifactId,
      at: clock.now(),
      dueAt: clock.now() + spread(parts.settings.origin.recheckMs),
    })
    if (isHeld(artifact)) parts.log.info({ artifact_id: artifactId }, LOG.originBack)
  } else if (finding.kind === 'changed') {
    await revokeArtifact({ artifactId, reason: finding.detail, actor: OURSELVES }, parts)
  } else {
    await noteAway(artifact, finding.detail, parts)
  }
  return true
}

async function compare(artifact: ArtifactRow, parts: Parts, stopping: AbortSignal): Promise<Finding> {
  const { imports, origin } = parts.settings
  const size = artifact.size ?? 0
  const read = async (deadline: AbortSignal): Promise<Finding> => {
    const signal = AbortSignal.any([deadline, stopping])
    // Any length may be announced: what is longer than the image is found out one byte after its end.
    const opened = await openSource(artifact.source_url ?? '', imports, { maxBytes: Infinity, signal })
    if (opened.kind !== 'open') return { kind: 'away', detail: opened.detail }
    try {
      const copy = await measureCopy(opened.body, {
        most: size,
        bytesPerSecond: origin.bytesPerSecond,
        clock: parts.clock,
      })
      if (copy.size === size && copy.sha256 === artifact.sha256) return { kind: 'same' }
      if (copy.size < size && !opened.framed) {
        const detail = `the copy ended after ${copy.size} of ${size} bytes, and nothing says whether it broke off`
        return { kind: 'away', detail }
      }
      const found = copy.size > size ? `more than ${size} bytes` : `${copy.size} bytes with SHA-256 ${copy.sha256}`
      return { kind: 'changed', detail: `its copy at the origin is no longer what was verified: ${found}` }
    } finally {
      opened.body.destroy()
    }
  }
  try {
    return await withDeadline(read, deadlineMs(size, parts), { clock: parts.clock, what: 'reading the copy' })
  } catch (error) {
    const isTold = error instanceof Stalled || error instanceof RuntimeError
    return { kind: 'away', detail: isTold ? error.message : `the copy broke off: ${reasonOf(error)}` }
  }
}

async function noteAway(artifact: ArtifactRow, detail: string, parts: Parts): Promise<void> {
  const { artifact_id: artifactId, origin_failures: failedBefore } = artifact
  const dueAt = parts.clock.now() + backoffMs(failedBefore + 1, parts.settings.imports.retryMs)
  const row = await noteOriginAway(parts.sql, { artifactId, dueAt, detail: detail.slice(0, 512) })
  const held = row !== null && isHeld(row)
  const told = { artifact_id: artifactId, detail, failures: failedBefore + 1 }
  if (held) parts.log.error(told, LOG.originHeld)
  else parts.log.warn(told, LOG.originAway)
}

export function deadlineMs(size: number, { settings: { imports, origin } }: Parts): number {
  return imports.deadlineMs + Math.ceil((size / origin.bytesPerSecond) * 1_000)
}

export function leaseMs(parts: Parts): number {
  return deadlineMs(parts.settings.maxImageBytes, parts) + LEASE_MARGIN_MS
}

/** Images that were brought in together are not read together for ever. */
function spread(ms: number): number {
  return Math.round(ms * (0.9 + randomFraction() * 0.2))
}
