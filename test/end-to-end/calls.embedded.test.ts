import { callsSuite } from './calls.suite.ts'
import { startEmbeddedSystem } from './start-embedded.ts'

callsSuite(() => startEmbeddedSystem({ labNetworks: '127.0.0.0/8' }))
