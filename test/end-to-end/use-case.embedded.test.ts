import { startEmbeddedSystem } from './start-embedded.ts'
import { useCaseSuite } from './use-case.suite.ts'

useCaseSuite(() => startEmbeddedSystem())
