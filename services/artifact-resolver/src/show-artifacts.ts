import {
  answered,
  refused,
  strangeCursor,
  type artifactList,
  type InputOf,
  type OutputOf,
  type Artifact,
  type Reply,
} from '@sluice/contracts'
import type { Parts } from './parts.ts'
import { asListed, asMessage, findArtifact, pageArtifacts } from './store/artifacts.ts'

export async function getArtifact(artifactId: string, parts: Parts): Promise<Reply<Artifact>> {
  const row = await findArtifact(parts.sql, artifactId)
  return row === null ? refused('not_found', 'there is no such artifact') : answered(asMessage(row))
}

/** The cursor is the last artifact of the page before. */
export async function listArtifacts(
  { cursor, limit }: InputOf<typeof artifactList>,
  parts: Parts,
): Promise<Reply<OutputOf<typeof artifactList>>> {
  const strange = strangeCursor('artifact', cursor)
  if (strange !== undefined) return strange
  const rows = await pageArtifacts(parts.sql, cursor ?? null, limit + 1)
  const items = rows.slice(0, limit).map(asListed)
  return answered({ items, next: rows.length > limit ? (items.at(-1)?.artifactId ?? null) : null })
}
