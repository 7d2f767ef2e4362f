import { isPlainUrl } from './check-source.ts'
import type { Refused } from './read-answer.ts'

/** One object, or one version of it. */
export interface S3Object {
  readonly bucket: string
  readonly key: string
  readonly versionId: string | null
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const MAX_KEY_BYTES = 1_024

export const isS3 = (source: string): boolean => source.startsWith('s3:')

/** Reads `s3://bucket/key` and `s3://bucket/key?versionId=...`; what does not fit a URL stands percent-encoded. */
export function parseS3Source(text: string): ({ readonly kind: 's3' } & S3Object) | Refused {
  if (!isPlainUrl(text)) return refused('a URL is plain ASCII without blanks, line ends or backslashes')
  const [, bucket = '', encodedKey = '', encodedVersion] =
    /^s3:\/\/([^/?#@]+)\/([^?#]+)(?:\?versionId=([^?#&]+))?$/.exec(text) ?? []
  if (!BUCKET.test(bucket) || bucket.includes('..'))
    return refused('an object is named as s3://bucket/key or s3://bucket/key?versionId=...')
  const key = decoded(encodedKey)
  const versionId = encodedVersion === undefined ? null : decoded(encodedVersion)
  // With such a part a URL would lead to another object, or into another bucket.
  if (key === undefined || versionId === undefined || key.split('/').some((part) => ['', '.', '..'].includes(part))) {
    return refused('a key has no empty parts, no dots alone, and no broken percent signs')
  }
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return refused(`a key has at most ${MAX_KEY_BYTES} bytes`)
  return { kind: 's3', bucket, key, versionId }
}

function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text)
    return /\p{Cc}/u.test(plain) ? undefined : plain
  } catch {
    return undefined
  }
}

function refused(detail: string): Refused {
  return { kind: 'refused', detail }
}
