import { startDistributedSystem } from './start-distributed.ts'
import { CAPS_OF_ALL, steeringSuite } from './steering.suite.ts'

// Two of each: caps and pauses hold whoever takes the next claim.
steeringSuite(() => startDistributedSystem({ gateways: 2, schedulers: 2, capsOfAll: CAPS_OF_ALL }))
