import { ImageStoreError } from './image-store-error.ts'

/** Only these shapes ever become part of a path or of an object's name: no dot, no slash, no length to speak of. */
const ARTIFACT_ID = /^art_[0-9A-HJKMNP-TV-Z]{26}$/
const SHA256 = /^[0-9a-f]{64}$/

export function artifactName(artifactId: string): string {
  if (!ARTIFACT_ID.test(artifactId)) throw new ImageStoreError('bad_name', 'not an artifact id')
  return artifactId
}

export function isArtifactName(name: string): boolean {
  return ARTIFACT_ID.test(name)
}

export function promotedName(sha256: string): string {
  if (!SHA256.test(sha256)) throw new ImageStoreError('bad_name', 'not a SHA-256 in lower-case hexadecimal')
  return sha256
}

/** Of an entry that says which digest an artifact has; null: it says none. */
export function digestIn(entry: string): string | null {
  return SHA256.test(entry) ? entry : null
}
