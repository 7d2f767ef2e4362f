export { settings } from './config.ts'
export { type Standalone, type StandaloneParts, type StandaloneSettings, startStandalone } from './standalone.ts'
