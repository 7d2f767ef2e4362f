import { type Queryable, type Sql, migrate } from '@sluice/sql'
import { schedulerSchema } from '../store/schema.ts'

/** Beside the schema, so that they are there for whoever opens the database next. */
const KEPT = 'migrated'

/** Empties the scheduler's tables but for the rows that its migrations put there: to make them anew takes longer than most tests do. */
export async function asMigrated(sql: Sql): Promise<void> {
  await migrate(sql, schedulerSchema)
  await sql.transaction(async (tx) => {
    // The journal's own guards, and foreign keys, stand aside.
    await tx.query('set local session_replication_role = replica')
    const kept = await tablesOf(tx, KEPT)
    if (kept.length === 0) await keepRows(tx)
    else await putBackRows(tx, kept)
  })
}

async function keepRows(tx: Queryable): Promise<void> {
  await tx.query(`create schema ${KEPT}`)
  for (const table of await tablesOf(tx, schedulerSchema.schema)) {
    const rows = await tx.query(`select 1 from scheduler.${table} limit 1`)
    if (rows.length > 0) await tx.query(`create table ${KEPT}.${table} as table scheduler.${table}`)
  }
}

async function putBackRows(tx: Queryable, kept: readonly string[]): Promise<void> {
  const tables = await tablesOf(tx, schedulerSchema.schema)
  await tx.query(`truncate ${tables.map((table) => `scheduler.${table}`).join(', ')} restart identity`)
  for (const table of kept) {
    await tx.query(`insert into scheduler.${table} table ${KEPT}.${table}`)
  }
}

async function tablesOf(tx: Queryable, schema: string): Promise<string[]> {
  const rows = await tx.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = $1`,
    [schema],
  )
  return rows.map(({ name }) => name)
}
