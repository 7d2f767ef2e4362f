import { ImageStoreError } from './image-store-error.ts'
import type { ByteRange } from './image-store.ts'

/** Whatever the file system throws becomes the store's one error. */
export async function onMedium<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (signal?.aborted) throw new ImageStoreError('aborted', 'ended by the caller', cause)
    if (cause instanceof ImageStoreError) throw cause
    const what = isFull(cause) ? 'is full' : 'does not answer'
    throw new ImageStoreError('unavailable', `the directory of images ${what}`, cause)
  }
}

export function absentIsNull(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
  throw error
}

export function assertInside({ first, last }: ByteRange, size: number): void {
  if (first >= 0 && first <= last && last < size) return
  throw new ImageStoreError('bad_name', `no bytes ${first}-${last} in an image of ${size}`)
}

function isFull(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT')
}
