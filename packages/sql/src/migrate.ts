import { createHash } from 'node:crypto'
import { SqlError } from './sql-error.ts'
import type { Migration, Queryable, Sql } from './sql.ts'

export type MigrationPlan = {
  /** A service's own schema: `[a-z][a-z0-9_]*`, up to 40 characters. Made when absent. */
  readonly schema: string
  /** In their order; new ones are appended, applied ones never edited. Unqualified names land in the schema. */
  readonly migrations: readonly Migration[]
}

/** Brings a schema up to date, all or nothing; replicas that start together wait for each other. Throws `edited_migration`. */
export async function migrate(sql: Sql, { schema, migrations }: MigrationPlan): Promise<{ applied: string[] }> {
  assertSchemaName(schema)
  return sql.transaction(async (tx) => {
    await waitForOtherMigrators(tx, schema)
    const applied = await readApplied(tx, schema)
    refuseEdited(migrations, applied)

    const missing = migrations.filter(({ id }) => !applied.has(id))
    for (const migration of missing) {
      await tx.query(`set local search_path to ${schema}`)
      await tx.query(migration.sql)
      await tx.query(`insert into ${schema}.applied_migration (id, checksum, applied_at) values ($1, $2, now())`, [
        migration.id,
        checksum(migration),
      ])
    }
    return { applied: missing.map(({ id }) => id) }
  })
}

export function assertSchemaName(schema: string): void {
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(schema))
    throw new SqlError('invalid', `${JSON.stringify(schema)} is no name for a schema`)
}

async function waitForOtherMigrators(tx: Queryable, schema: string): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))::text', [`sluice.migrate.${schema}`])
}

async function readApplied(tx: Queryable, schema: string): Promise<Map<string, string>> {
  await tx.query(`
    create schema if not exists ${schema};
    create table if not exists ${schema}.applied_migration (id text primary key, checksum text not null, applied_at timestamptz not null)`)
  const rows = await tx.query<{ id: string; checksum: string }>(`select id, checksum from ${schema}.applied_migration`)
  return new Map(rows.map((row) => [row.id, row.checksum]))
}

function refuseEdited(migrations: readonly Migration[], applied: ReadonlyMap<string, string>): void {
  for (const migration of migrations) {
    const known = applied.get(migration.id)
    if (known !== undefined && known !== checksum(migration)) {
      throw new SqlError(
        'edited_migration',
        `migration ${migration.id} was edited after it had been applied; append a new one instead`,
      )
    }
  }
}

function checksum(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex')
}
