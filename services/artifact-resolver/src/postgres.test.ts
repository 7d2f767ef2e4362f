import { connectPostgres } from '@sluice/sql'
import { freshDatabase } from '@sluice/testbed'
import { inject } from 'vitest'
import { artifactResolverSuite } from './artifact-resolver.suite.ts'

artifactResolverSuite(
  'artifact-resolver on PostgreSQL',
  async () => connectPostgres({ url: await freshDatabase(inject('postgresUrl')) }),
  'elsewhere',
)
