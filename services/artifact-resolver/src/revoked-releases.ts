import type { IncomingEvent } from '@sluice/bus'
import type { DataOf, releaseRevoked } from '@sluice/contracts'
import type { Parts } from './parts.ts'
import { insertRevokedReleases } from './store/revoked-releases.ts'

/** From now on nothing is given out to an attempt that rests on one of them, whatever its campaign believes. */
export async function noteRevokedReleases(
  batch: readonly IncomingEvent<DataOf<typeof releaseRevoked>>[],
  parts: Parts,
): Promise<void> {
  const at = parts.clock.now()
  await parts.sql.transaction(async (tx) => {
    const entries = batch.map(({ id, name: kind, data, traceparent }) => {
      return { id, at, actor: data.actor, kind, data, traceparent }
    })
    const accepted = await parts.journal.acceptNew(tx, entries)
    const fresh = batch.filter((event) => accepted.has(event.id))
    await insertRevokedReleases(
      tx,
      fresh.map(({ data }) => data.releaseId),
      at,
    )
  })
}
