import { inMemory } from '@sluice/testbed'
import { openEmbedded } from './embedded.ts'
import { journalSuite } from './journal.suite.ts'
import { sqlSuite } from './sql.suite.ts'

const open = () => openEmbedded(inMemory())

sqlSuite('PGlite in memory', open)
journalSuite('the journal on PGlite', open)
