import { type InputOf, type OutputOf, type Reply, answered, type auditList, refused } from '@sluice/contracts'
import { SqlError } from '@sluice/sql'
import type { Parts } from './parts.ts'

/** The journal as it was sealed, for somebody who recomputes it. */
export async function readAudit(
  { journal, sql }: Pick<Parts, 'journal' | 'sql'>,
  { cursor, limit }: InputOf<typeof auditList>,
): Promise<Reply<OutputOf<typeof auditList>>> {
  const page = await unlessStrange(journal.readChain(sql, { cursor, limit }))
  if (!page.ok) return page
  const { counts, next } = page.data
  return answered({ parts: page.data.parts.map((part) => ({ ...part, entries: [...part.entries] })), counts, next })
}

/** A place that is none is the asker's mistake. */
export async function unlessStrange<Page>(page: Promise<Page>): Promise<Reply<Page>> {
  try {
    return answered(await page)
  } catch (error) {
    if (error instanceof SqlError && error.code === 'invalid') return refused('invalid_request', error.message)
    throw error
  }
}
