import { open, type FileHandle } from 'node:fs/promises'
import { ImageStoreError } from './image-store-error.ts'
import type { QuarantinedImage } from './image-store.ts'
import { absentIsNull, assertInside, onMedium } from './medium.ts'

const PIECE_BYTES = 1_048_576

/** A file, kept open: a rename over its name leaves it as it is. */
export async function holdFile(path: string): Promise<QuarantinedImage | { readonly kind: 'absent' }> {
  return onMedium(async () => {
    const file = await open(path, 'r').catch(absentIsNull)
    if (file === null) return { kind: 'absent' }
    const { size } = await file.stat().catch(async (error: unknown) => {
      await file.close()
      throw error
    })
    return {
      kind: 'open',
      size,
      stream: () => file.createReadStream({ start: 0, autoClose: false, highWaterMark: PIECE_BYTES }),
      read: async (range) => {
        assertInside(range, size)
        return onMedium(() => readWhole(file, range.first, range.last - range.first + 1))
      },
      close: () => onMedium(() => file.close()),
    }
  })
}

async function readWhole(file: FileHandle, first: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at, first + at)
    if (bytesRead === 0) throw new ImageStoreError('unavailable', 'a file of images became shorter')
    at += bytesRead
  }
  return bytes
}
