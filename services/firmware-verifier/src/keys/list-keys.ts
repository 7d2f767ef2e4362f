import { answered, refused, type InputOf, type OutputOf, type Reply, type trustKeyList } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { asMessage, pageKeys } from '../store/trust-keys.ts'

export async function listKeysPage(
  { cursor, limit }: InputOf<typeof trustKeyList>,
  parts: Parts,
): Promise<Reply<OutputOf<typeof trustKeyList>>> {
  const before = cursor === undefined ? null : readCursor(cursor)
  if (before === undefined) return refused('invalid_request', 'this cursor was not given out here')
  const rows = await pageKeys(parts.sql, before, limit)
  const now = parts.clock.now()
  const last = rows.at(-1)
  const next = last === undefined || rows.length < limit ? null : `${last.added_at}~${last.key_id}`
  return answered({ items: rows.map((row) => asMessage(row, now)), next })
}

function readCursor(cursor: string): { at: number; keyId: string } | undefined {
  const [, at, keyId] = /^(\d{1,15})~([0-9a-f]{16})$/.exec(cursor) ?? []
  return at === undefined || keyId === undefined ? undefined : { at: Number(at), keyId }
}
