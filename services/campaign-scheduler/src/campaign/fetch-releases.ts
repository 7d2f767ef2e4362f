import { releaseGet, releaseList } from '@sluice/contracts'
import { inTransaction } from '../in-transaction.ts'
import type { Parts } from '../parts.ts'
import { insertRelease, insertRevokedRelease } from '../store/releases.ts'

/** Renewals of one image are few. */
const MOST = 20

/**
 * Who adds a release and plans a campaign in the next moment is faster than the event: then the verifier is asked. True
 * where it knew of releases for these bytes, whether they hold or not; where it is away nothing is known.
 */
export async function fetchReleases(
  parts: Pick<Parts, 'bus' | 'sql' | 'clock' | 'metrics'>,
  sha256: string,
  traceparent?: string,
): Promise<boolean> {
  const traced = traceparent === undefined ? {} : { traceparent }
  const listed = await parts.bus.request(releaseList, { sha256, limit: MOST }, traced)
  if (!listed.ok) return false
  const found = await Promise.all(
    listed.data.items.map(({ releaseId }) => parts.bus.request(releaseGet, { releaseId }, traced)),
  )
  const releases = found.flatMap((reply) => (reply.ok ? [reply.data] : []))
  if (releases.length === 0) return false
  const at = parts.clock.now()
  await inTransaction(parts, async (tx) => {
    for (const release of releases.toSorted((a, b) => (a.releaseId < b.releaseId ? -1 : 1))) {
      const { releaseId, statement, revokedReason } = release
      await insertRelease(tx, releaseId, statement)
      if (revokedReason !== null) await insertRevokedRelease(tx, releaseId, revokedReason, at)
    }
  })
  return true
}
