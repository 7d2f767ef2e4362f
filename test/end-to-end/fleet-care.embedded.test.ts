import { fleetCareSuite } from './fleet-care.suite.ts'
import { startEmbeddedSystem } from './start-embedded.ts'

fleetCareSuite(() => startEmbeddedSystem({ labNetworks: '127.0.0.0/8' }))
