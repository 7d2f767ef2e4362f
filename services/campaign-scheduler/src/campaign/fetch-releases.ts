import { releaseGet, releaseList } from '@sluice/contracts'
import { inTransaction } from '../in-transaction.ts'
import type { Parts } from '../parts.ts'
import { insertRelease } from '../store/releases.ts'

/** Renewals of one image are few. */
const MOST = 20

/**
 * Who adds a release and plans a campaign in the next moment is faster than the event: then the verifier is asked. True
 * where it knew of releases for these bytes; where it is away nothing is known, and nothing is covered.
 */
export async function fetchReleases(
  parts: Pick<Parts, 'bus' | 'sql' | 'metrics'>,
  sha256: string,
  traceparent?: string,
): Promise<boolean> {
  const traced = traceparent === undefined ? {} : { traceparent }
  const listed = await parts.bus.request(releaseList, { sha256, limit: MOST }, traced)
  if (!listed.ok) return false
  const inForce = listed.data.items.filter(({ status }) => status === 'in_force')
  const found = await Promise.all(inForce.map(({ releaseId }) => parts.bus.request(releaseGet, { releaseId }, traced)))
  const releases = found.flatMap((reply) => (reply.ok && reply.data.status === 'in_force' ? [reply.data] : []))
  if (releases.length === 0) return false
  await inTransaction(parts, async (tx) => {
    for (const { releaseId, statement } of releases.toSorted((a, b) => (a.releaseId < b.releaseId ? -1 : 1))) {
      await insertRelease(tx, releaseId, statement)
    }
  })
  return true
}
