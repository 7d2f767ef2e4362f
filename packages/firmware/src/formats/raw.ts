import type { ImageParser } from './format.ts'
import { NO_FACTS } from './image-facts.ts'

/** Bytes that say nothing about themselves: all that is known of them comes from detached signatures and the release. */
export const raw: ImageParser = {
  format: 'raw',
  recognises: () => true,
  parse: async () => ({
    kind: 'parsed',
    image: { format: 'raw', facts: NO_FACTS, digests: [], signatures: [], unsigned: [] },
  }),
}
