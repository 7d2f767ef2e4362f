export { createArtifactResolver, type ArtifactResolver } from './artifact-resolver.ts'
export { settings } from './config.ts'
export type { ArtifactResolverParts, ArtifactResolverSettings } from './parts.ts'
export { readVerdictKeys } from './read-verdict-keys.ts'
