import type { ImageSource, Span } from '../src/index.ts'

/** No reader of a format makes more reads than this, nor a longer one, whatever the image is. */
export const MOST_READS = 2_048
const LONGEST_READ = 256 * 1024

export interface CountedImage extends ImageSource {
  /** How often it was read, and the longest of these reads, in bytes. */
  told(): { readonly reads: number; readonly longest: number }
}

/** Bytes in memory as an image. Throws where a reader of a format reads past the end, or more than any may. */
export function countedImage(bytes: Uint8Array): CountedImage {
  let [reads, longest] = [0, 0]
  return {
    size: bytes.length,
    read: async ({ start, end }: Span) => {
      if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= bytes.length))
        throw new RangeError(`${start} to ${end} of ${bytes.length} bytes`)
      reads += 1
      longest = Math.max(longest, end - start)
      if (reads > MOST_READS) throw new Error(`more than ${MOST_READS} reads`)
      if (longest > LONGEST_READ) throw new Error(`a read of ${longest} bytes`)
      return Uint8Array.from(bytes.subarray(start, end))
    },
    told: () => ({ reads, longest }),
  }
}
