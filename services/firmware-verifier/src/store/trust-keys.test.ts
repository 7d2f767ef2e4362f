import { AsyncLocalStorage } from 'node:async_hooks'
import { connectPostgres, migrate, type Sql } from '@sluice/sql'
import { freshDatabase, waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { aKeyRow } from '../testing/a-key-row.ts'
import { migrations, SCHEMA } from './migrations.ts'
import { holdKeys, insertKey, lockKeys, type TrustKeyRow } from './trust-keys.ts'

let sql: Sql
beforeAll(async () => {
  sql = await connectPostgres({ url: await freshDatabase(inject('postgresUrl')) })
  await migrate(sql, { schema: SCHEMA, migrations })
})
afterAll(() => sql.close())

/** Runs outside of the caller's asynchronous context, as another request would. */
const startedElsewhere = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T

const keyOf = (digit: string) => aKeyRow({ key_id: digit.repeat(16) })

test.each([
  ['a verdict', holdKeys],
  ['another change', lockKeys],
])('%s that waits for a change of the keys sees the key that it added', async (_, take) => {
  await sql.query('delete from verifier.trust_keys')
  await insertKey(sql, keyOf('a'))
  let taken: Promise<TrustKeyRow[]> | undefined
  await sql.transaction(async (tx) => {
    await lockKeys(tx)
    taken = startedElsewhere(() => sql.transaction(take))
    await waitUntil(async () => (await tx.query('select 1 from pg_locks where not granted')).length > 0)
    await insertKey(tx, keyOf('b'))
  })
  expect((await taken!).map(({ key_id }) => key_id)).toEqual([keyOf('a').key_id, keyOf('b').key_id])
})
