import { connectPostgres } from '@sluice/sql'
import { freshDatabase } from '@sluice/testbed'
import { inject } from 'vitest'
import { schedulerSuite } from './scheduler.suite.ts'

schedulerSuite('the scheduler on PostgreSQL', async () =>
  connectPostgres({ url: await freshDatabase(inject('postgresUrl')) }),
)
