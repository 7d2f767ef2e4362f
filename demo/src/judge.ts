import { join } from 'node:path'
import { openEmbedded } from '@sluice/sql'
import { type Reported, checkHistory, readHistory } from '@sluice/testbed'

/** Of more routers the journal is too long to be read at once. */
const MOST_JUDGED = 2_000

/** What the journals, what the system said last and what the routers wrote down show as not kept, a line each; of a system that has ended. */
export async function judge(
  stateDirectory: string,
  record: string,
  reported: Reported,
  devices: number,
): Promise<readonly string[]> {
  if (devices > MOST_JUDGED) return []
  const sql = await openEmbedded({ directory: join(stateDirectory, 'database') })
  try {
    const query = (text: string, values?: readonly unknown[]) => sql.query(text, values)
    const history = await readHistory({ sql: { query }, records: [record], reported, capsOfAll: {} })
    return checkHistory(history).map(({ rule, detail }) => `${rule}: ${detail}`)
  } finally {
    await sql.close()
  }
}
