import {
  answered,
  refused,
  type InputOf,
  type OutputOf,
  type Release,
  type releaseGet,
  type releaseList,
  type Reply,
} from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { asLine, asMessage, findRelease, pageReleases } from './release-rows.ts'

export async function getRelease({ releaseId }: InputOf<typeof releaseGet>, parts: Parts): Promise<Reply<Release>> {
  const row = await findRelease(parts.sql, releaseId)
  return row === undefined
    ? refused('not_found', 'there is no such release')
    : answered(asMessage(row, parts.clock.now()))
}

export async function listReleases(
  { product, sha256, cursor, limit }: InputOf<typeof releaseList>,
  parts: Parts,
): Promise<Reply<OutputOf<typeof releaseList>>> {
  const before = cursor === undefined ? null : readCursor(cursor)
  if (before === undefined) return refused('invalid_request', 'this cursor was not given out here')
  const rows = await pageReleases(parts.sql, { product: product ?? null, sha256: sha256 ?? null }, before, limit)
  const now = parts.clock.now()
  const last = rows.at(-1)
  const next = last === undefined || rows.length < limit ? null : `${last.added_at}~${last.release_id}`
  return answered({ items: rows.map((row) => asLine(row, now)), next })
}

function readCursor(cursor: string): { at: number; releaseId: string } | undefined {
  const [, at, releaseId] = /^(\d{1,15})~(rel_[0-9a-f]{32})$/.exec(cursor) ?? []
  return at === undefined || releaseId === undefined ? undefined : { at: Number(at), releaseId }
}
