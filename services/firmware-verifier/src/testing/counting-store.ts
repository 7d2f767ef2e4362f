import type { ImageStore } from '@sluice/image-store'

/** What was asked of a store of images. */
export interface Counts {
  reads: number
  bytes: number
}

/** A store that counts what is read of images in quarantine, and that somebody may hold up. */
export function countingStore(store: ImageStore, counts: Counts, beforePiece: () => Promise<void>): ImageStore {
  return {
    ...store,
    openQuarantined: async (artifactId) => {
      const image = await store.openQuarantined(artifactId)
      if (image.kind === 'absent') return image
      return {
        ...image,
        read: async (range) => {
          counts.reads += 1
          const bytes = await image.read(range)
          counts.bytes += bytes.length
          return bytes
        },
        stream: () => {
          const stream = image.stream()
          const iterate = stream[Symbol.asyncIterator].bind(stream)
          stream[Symbol.asyncIterator] = async function* () {
            for await (const piece of { [Symbol.asyncIterator]: iterate }) {
              await beforePiece()
              counts.bytes += (piece as Buffer).length
              yield piece
            }
          } as never
          return stream
        },
      }
    },
  }
}
