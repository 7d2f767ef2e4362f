import { freshDatabase } from '@sluice/testbed'
import { inject } from 'vitest'
import { journalSuite } from './journal.suite.ts'
import { connectPostgres } from './postgres.ts'
import { sqlSuite } from './sql.suite.ts'

const open = async () => connectPostgres({ url: await freshDatabase(inject('postgresUrl')) })

sqlSuite('PostgreSQL', open)
journalSuite('the journal on PostgreSQL', open)
