import { callsSuite } from './calls.suite.ts'
import { startDistributedSystem } from './start-distributed.ts'

callsSuite(() => startDistributedSystem({ gateways: 2, labNetworks: '127.0.0.0/8' }))
