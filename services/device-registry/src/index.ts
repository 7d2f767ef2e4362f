export { settings } from './config.ts'
export { type Registry, type RegistryParts, type RegistrySettings, createRegistry } from './registry.ts'
