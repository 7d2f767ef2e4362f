export { type RegistrySettings, defaultSettings, settings } from './config.ts'
export { type GivenSettings, type Registry, type RegistryParts, createRegistry } from './registry.ts'
