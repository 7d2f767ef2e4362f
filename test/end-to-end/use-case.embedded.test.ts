import { startEmbeddedSystem } from './start-embedded.ts'
import { useCaseSuite } from './use-case.suite.ts'

useCaseSuite((tracesTo) => startEmbeddedSystem({ tracesTo, labNetworks: '127.0.0.0/8' }))
