import { openEmbedded } from '@sluice/sql'
import { firmwareVerifierSuite } from './firmware-verifier.suite.ts'

firmwareVerifierSuite(
  'firmware-verifier on the embedded database',
  () => openEmbedded({ memory: true }),
  'in_the_same_database',
)
