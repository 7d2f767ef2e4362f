import { answered, artifactRevoked, refused, type Artifact, type DataOf, type Reply } from '@sluice/contracts'
import type { IncomingEvent } from '@sluice/bus'
import { LOG } from './observability.ts'
import type { Parts } from './parts.ts'
import { asMessage, findArtifact, markRevoked } from './store/artifacts.ts'

/** Somebody withdraws an artifact, for good. Asked again, it answers the same, and tells it again to who may have lost it. */
export async function revokeArtifact(
  { artifactId, reason, actor }: { readonly artifactId: string; readonly reason: string; readonly actor: string },
  parts: Parts,
): Promise<Reply<Artifact>> {
  const now = parts.clock.now()
  const row = await parts.sql.transaction(async (tx) => {
    const [revoked] = await markRevoked(tx, [artifactId])
    const there = revoked ?? (await findArtifact(tx, artifactId))
    if (there === null) return null
    await parts.journal.append(tx, [
      {
        direction: 'out',
        id: parts.ids.event(),
        key: artifactId,
        at: now,
        actor,
        kind: artifactRevoked.name,
        data: { artifactId, reason, actor },
      },
    ])
    parts.log.warn({ artifact_id: artifactId, actor, reason }, LOG.revoked)
    return there
  })
  parts.relay.wake()
  return row === null ? refused('not_found', 'there is no such artifact') : answered(asMessage(row))
}

/** Trust was withdrawn elsewhere (a key was revoked), or here: then there is nothing left to do. */
export async function applyRevocations(
  batch: readonly IncomingEvent<DataOf<typeof artifactRevoked>>[],
  parts: Parts,
): Promise<void> {
  const now = parts.clock.now()
  await parts.sql.transaction(async (tx) => {
    const accepted = await parts.journal.acceptNew(
      tx,
      batch.map(({ id, name, data, traceparent }) => ({
        id,
        at: now,
        actor: data.actor,
        kind: name,
        data,
        traceparent,
      })),
    )
    const artifactIds = batch.filter((event) => accepted.has(event.id)).map((event) => event.data.artifactId)
    const revoked = await markRevoked(tx, artifactIds)
    for (const row of revoked) parts.log.warn({ artifact_id: row.artifact_id }, LOG.revoked)
  })
}
