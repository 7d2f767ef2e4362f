import { freshDatabase } from '@sluice/testbed'
import { inject } from 'vitest'
import { connectPostgres } from './postgres.ts'
import { sqlSuite } from './sql.suite.ts'

sqlSuite('PostgreSQL', async () => connectPostgres({ url: await freshDatabase(inject('postgresUrl')) }))
