import { connectPostgres } from '@sluice/sql'
import { freshDatabase } from '@sluice/testbed'
import { inject } from 'vitest'
import { schedulerSuite } from './scheduler.suite.ts'
import { asMigrated } from './testing/as-migrated.ts'

const url = await freshDatabase(inject('postgresUrl'))

schedulerSuite('the scheduler on PostgreSQL', async () => {
  const sql = await connectPostgres({ url })
  await asMigrated(sql)
  return sql
})
