import type { IncomingEvent } from '@sluice/bus'
import type { DataOf, artifactSuspected } from '@sluice/contracts'
import { LOG } from './observability.ts'
import type { Parts } from './parts.ts'
import { insertSuspicions } from './store/suspicions.ts'

/** However many devices say it: an image is not hashed more often for that. */
export const RECHECK_REST_MS = 300_000

/** Devices say that what they fetched is damaged: the copy they were sent is hashed again soon. Told twice, it is once. */
export async function noteSuspicions(
  batch: readonly IncomingEvent<DataOf<typeof artifactSuspected>>[],
  { sql, clock, log }: Parts,
): Promise<void> {
  const artifactIds = [...new Set(batch.map(({ data }) => data.artifactId))]
  const suspected = await insertSuspicions(sql, artifactIds, { now: clock.now(), restMs: RECHECK_REST_MS })
  for (const row of suspected) log.warn({ artifact_id: row.artifact_id }, LOG.suspected)
}
