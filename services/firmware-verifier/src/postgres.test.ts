import { connectPostgres } from '@sluice/sql'
import { freshDatabase } from '@sluice/testbed'
import { inject } from 'vitest'
import { firmwareVerifierSuite } from './firmware-verifier.suite.ts'

firmwareVerifierSuite(
  'firmware-verifier on PostgreSQL',
  async () => connectPostgres({ url: await freshDatabase(inject('postgresUrl')) }),
  'elsewhere',
)
