import { type InputOf, type OutputOf, type Reply, answered, type auditList, refused } from '@sluice/contracts'
import { type ChainPage, SqlError } from '@sluice/sql'
import type { Parts } from './parts.ts'

/** The journal as it was sealed, for somebody who recomputes it. */
export async function readAudit(
  parts: Parts,
  { cursor, limit }: InputOf<typeof auditList>,
): Promise<Reply<OutputOf<typeof auditList>>> {
  const page = await readChainPage(parts, cursor, limit)
  if (!page.ok) return page
  const { counts, next } = page.data
  return answered({ parts: page.data.parts.map((part) => ({ ...part, entries: [...part.entries] })), counts, next })
}

/** A place that is none is the asker's mistake. */
export async function readChainPage(
  { journal, sql }: Pick<Parts, 'journal' | 'sql'>,
  cursor: string | undefined,
  limit: number,
): Promise<Reply<ChainPage>> {
  try {
    return answered(await journal.readChain(sql, { cursor, limit }))
  } catch (error) {
    if (error instanceof SqlError && error.code === 'invalid') return refused('invalid_request', error.message)
    throw error
  }
}
