import { openEmbedded } from '@sluice/sql'
import { artifactResolverSuite } from './artifact-resolver.suite.ts'

artifactResolverSuite(
  'artifact-resolver on the embedded database',
  () => openEmbedded({ memory: true }),
  'in_the_same_database',
)
