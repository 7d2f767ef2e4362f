import { releaseAdded, releaseRevoked } from '@sluice/contracts'
import type { OutEntry } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import type { ReleaseRow } from './release-rows.ts'

export function addedEvent(row: ReleaseRow, actor: string, { ids }: Pick<Parts, 'ids'>, at: number): OutEntry {
  const { release_id: releaseId, statement, vouching_keys: keyIds } = row
  const data = { releaseId, statement, keyIds, actor }
  return { direction: 'out', id: ids.event(), key: releaseId, at, actor, kind: releaseAdded.name, data }
}

/** Says who revoked it and why at first, whoever asks for it now. */
export function revokedEvent(row: ReleaseRow, actor: string, { ids }: Pick<Parts, 'ids'>, at: number): OutEntry {
  const releaseId = row.release_id
  const data = { releaseId, reason: row.revoked_reason!.slice(0, 512), actor: row.revoked_by! }
  return { direction: 'out', id: ids.event(), key: releaseId, at, actor, kind: releaseRevoked.name, data }
}
