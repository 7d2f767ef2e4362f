import { releaseAdded, releaseRevoked } from '@sluice/contracts'
import type { OutEntry } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import type { ReleaseRow } from './release-rows.ts'

export function addedEvent(row: ReleaseRow, actor: string, { ids }: Pick<Parts, 'ids'>, at: number): OutEntry {
  const { release_id: releaseId, statement, vouching_keys: keyIds } = row
  const data = { releaseId, statement, keyIds, actor }
  return { direction: 'out', id: ids.event(), key: releaseId, at, actor, kind: releaseAdded.name, data }
}

export function revokedEvent(
  releaseId: string,
  { reason, actor }: { readonly reason: string; readonly actor: string },
  { ids }: Pick<Parts, 'ids'>,
  at: number,
): OutEntry {
  const data = { releaseId, reason: reason.slice(0, 512), actor }
  return { direction: 'out', id: ids.event(), key: releaseId, at, actor, kind: releaseRevoked.name, data }
}
