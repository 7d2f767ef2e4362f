import type { Readable } from 'node:stream'
import type { ImageStore } from '@sluice/image-store'
import type { Image } from './image-memory.ts'
import { METRICS } from './observability.ts'

/** Images are read, and written to sockets, in pieces of so many bytes. */
export const PIECE_BYTES = 256 * 1024

/** Images by pieces, those used last kept in memory. */
export interface PieceCache {
  /** Piece `index` of an image, all of it. Null: the image is not there. Nobody may write into it. */
  piece(image: Image, index: number): Promise<Uint8Array | null>
  /** What is kept of an image is read again: it may have become another in memory. */
  forget(sha256: string): void
}

/**
 * A campaign sends one image to thousands: its pieces are read once, and all transfers are sent the same bytes, so that
 * neither reading nor memory grows with their number. At most `maxBytes` are kept; beside them lives what transfers are
 * just writing. A piece is given to the garbage collector and never filled anew: with its place used again, one mistake
 * in counting who still writes it would send a device a mixture of two images.
 */
export function createPieceCache(images: Pick<ImageStore, 'open'>, maxBytes: number): PieceCache {
  const most = Math.floor(maxBytes / PIECE_BYTES)
  const kept = new Map<string, Promise<Uint8Array | null>>()

  const read = async ({ sha256, size }: Image, index: number): Promise<Uint8Array | null> => {
    const first = index * PIECE_BYTES
    const last = Math.min(first + PIECE_BYTES, size) - 1
    const opened = await images.open(sha256, { first, last })
    if (opened.kind === 'absent') return null
    const bytes = await bytesOf(opened.stream)
    if (bytes.length !== last - first + 1) throw new Error(`${bytes.length} bytes of piece ${index} of ${sha256}`)
    METRICS.read.add(bytes.length)
    return bytes
  }
  return {
    piece(image, index) {
      const name = `${image.sha256} ${index}`
      const piece = kept.get(name) ?? read(image, index)
      // Last used goes to the end; the one at the front goes.
      kept.delete(name)
      if (most === 0) return piece
      kept.set(name, piece)
      if (kept.size > most) kept.delete(kept.keys().next().value!)
      // What failed, or is not there, is asked for again.
      const forget = () => kept.get(name) === piece && kept.delete(name)
      piece.then((bytes) => bytes === null && forget(), forget)
      return piece
    },
    forget(sha256) {
      for (const name of kept.keys()) if (name.startsWith(`${sha256} `)) kept.delete(name)
    },
  }
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}
