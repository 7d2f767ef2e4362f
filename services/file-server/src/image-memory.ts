import type { ImageStore } from '@sluice/image-store'

/** What a device is sent. */
export interface Image {
  readonly sha256: string
  /** In bytes. */
  readonly size: number
}

/** Which image an artifact is. */
export interface ImageMemory {
  /** Null: it was not promoted (yet), which is asked again each time. */
  imageOf(artifactId: string): Promise<Image | null>
}

/**
 * A token names the artifact, the store its digest, once and for ever. So what was answered is remembered, of the `most`
 * artifacts asked for last: in the steady state a request costs the store no look-up. What was revoked is not kept from
 * anybody here, but by the set of stopped work.
 */
export function createImageMemory(images: Pick<ImageStore, 'digestOf' | 'size'>, most: number): ImageMemory {
  const known = new Map<string, Image>()
  const find = async (artifactId: string): Promise<Image | null> => {
    const sha256 = await images.digestOf(artifactId)
    const size = sha256 === null ? null : await images.size(sha256)
    return sha256 === null || size === null ? null : { sha256, size }
  }
  return {
    async imageOf(artifactId) {
      const image = known.get(artifactId) ?? (await find(artifactId))
      if (image === null) return null
      // Last used goes to the end; the one at the front is forgotten.
      known.delete(artifactId)
      known.set(artifactId, image)
      if (known.size > most) known.delete(known.keys().next().value!)
      return image
    },
  }
}
