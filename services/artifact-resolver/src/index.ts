export { createArtifactResolver, type ArtifactResolver } from './artifact-resolver.ts'
export { settings } from './config.ts'
export type { ArtifactResolverParts, ArtifactResolverSettings } from './parts.ts'
