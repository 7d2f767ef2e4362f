import type { IncomingEvent } from '@sluice/bus'
import type { DataOf, releaseAdded } from '@sluice/contracts'
import { inTransaction } from '../in-transaction.ts'
import type { Parts } from '../parts.ts'
import { insertRelease } from '../store/releases.ts'

/** Keeps what the verifier has checked, so that no campaign has to wait for it to be there. */
export async function keepReleases(
  parts: Parts,
  batch: readonly IncomingEvent<DataOf<typeof releaseAdded>>[],
): Promise<void> {
  const at = parts.clock.now()
  await inTransaction(parts, async (tx) => {
    const entries = batch.map(({ id, name, traceparent, data }) => ({
      id,
      at,
      actor: data.actor,
      kind: name,
      traceparent,
      data: { releaseId: data.releaseId, product: data.statement.product, counter: data.statement.counter },
    }))
    const accepted = await parts.journal.acceptNew(tx, entries)
    // In one order, so that batches of two replicas never wait in a circle.
    const fresh = batch
      .filter(({ id }) => accepted.has(id))
      .toSorted((a, b) => (a.data.releaseId < b.data.releaseId ? -1 : 1))
    for (const { data } of fresh) await insertRelease(tx, data.releaseId, data.statement)
  })
}
