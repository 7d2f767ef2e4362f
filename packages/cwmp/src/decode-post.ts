import type { DecodedPost, DecodeLimits } from './message.ts'

export const defaultLimits: DecodeLimits = { maxBytes: 131_072, maxDepth: 32, maxMarkup: 20_000, maxEnvelopes: 4 }

/** Reads the body of one POST of a CPE. Never throws on what a device sends. */
export function decodePost(
  _bytes: Uint8Array,
  _contentType: string | undefined,
  _limits: DecodeLimits = defaultLimits,
): DecodedPost {
  throw new Error('not yet')
}
