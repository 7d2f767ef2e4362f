import { fleetCareSuite } from './fleet-care.suite.ts'
import { startDistributedSystem } from './start-distributed.ts'

fleetCareSuite(() => startDistributedSystem({ gateways: 2, labNetworks: '127.0.0.0/8' }))
