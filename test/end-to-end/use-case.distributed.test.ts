import { startDistributedSystem } from './start-distributed.ts'
import { useCaseSuite } from './use-case.suite.ts'

useCaseSuite((tracesTo) => startDistributedSystem({ tracesTo, gateways: 2, labNetworks: '127.0.0.0/8' }))
