import { startDistributedSystem } from './start-distributed.ts'
import { steeringSuite } from './steering.suite.ts'

steeringSuite(() => startDistributedSystem())
