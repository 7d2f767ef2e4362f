import { startEmbeddedSystem } from './start-embedded.ts'
import { steeringSuite } from './steering.suite.ts'

steeringSuite(() => startEmbeddedSystem())
