import type { ImageStore } from '@sluice/image-store'

/** Which digest an artifact has. */
export interface DigestMemory {
  /** Null: it was not promoted (yet), which is asked again each time. */
  digestOf(artifactId: string): Promise<string | null>
}

/**
 * A token names the artifact, the store its digest, once and for ever. So what was answered is remembered, of the `most`
 * artifacts asked for last: in the steady state a request costs the store no look-up of the digest. What was revoked is
 * not kept from anybody here, but by the set of stopped work.
 */
export function createDigestMemory(images: Pick<ImageStore, 'digestOf'>, most: number): DigestMemory {
  const known = new Map<string, string>()
  return {
    async digestOf(artifactId) {
      const digest = known.get(artifactId) ?? (await images.digestOf(artifactId))
      if (digest === null) return null
      // Last used goes to the end; the one at the front is forgotten.
      known.delete(artifactId)
      known.set(artifactId, digest)
      if (known.size > most) known.delete(known.keys().next().value!)
      return digest
    },
  }
}
