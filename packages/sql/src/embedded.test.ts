import { openEmbedded } from './embedded.ts'
import { sqlSuite } from './sql.suite.ts'

sqlSuite('PGlite in memory', () => openEmbedded({ memory: true }))
