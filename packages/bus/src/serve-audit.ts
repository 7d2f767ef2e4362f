import { type AuditRequest, type OutputOf, type Reply, answered, refused } from '@sluice/contracts'
import { type Journal, type Sql, SqlError } from '@sluice/sql'
import type { Bus, Stop } from './bus.ts'

/** Answers with a service's journal as it was sealed, for somebody who recomputes it. */
export function serveAudit(
  bus: Pick<Bus, 'serve'>,
  message: AuditRequest,
  { journal, sql }: { readonly journal: Journal; readonly sql: Sql },
): Promise<Stop> {
  const read = async (page: { cursor?: string; limit: number }): Promise<Reply<OutputOf<AuditRequest>>> => {
    const found = await unlessStrange(journal.readChain(sql, page))
    if (!found.ok) return found
    const { parts, next, counts } = found.data
    return answered({ parts: parts.map((part) => ({ ...part, entries: [...part.entries] })), next, counts })
  }
  return bus.serve(message, (batch) => Promise.all(batch.map(({ input }) => read(input))))
}

/** A place in a journal that is none is the asker's mistake. */
export async function unlessStrange<Page>(page: Promise<Page>): Promise<Reply<Page>> {
  try {
    return answered(await page)
  } catch (error) {
    if (error instanceof SqlError && error.code === 'invalid') return refused('invalid_request', error.message)
    throw error
  }
}
