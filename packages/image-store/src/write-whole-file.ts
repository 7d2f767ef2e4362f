import { createHash } from 'node:crypto'
import { link, mkdtemp, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ImageStoreError } from './image-store-error.ts'

export interface Measured {
  readonly size: number
  readonly sha256: string
}

export type Written =
  | { readonly kind: 'written'; readonly measured: Measured }
  /** Only with `keepsFirst`: there is a file already, and it stays. What came is measured all the same. */
  | { readonly kind: 'taken'; readonly measured: Measured }
  | { readonly kind: 'declined' }

export interface WriteOptions {
  /** Where unfinished files lie; on the same file system as the target. */
  readonly incoming: string
  readonly mode: number
  /** A file that is there already stays; without, it goes for the new one. */
  readonly keepsFirst?: true
  /** Asked after every chunk and once at the end; false: leave no trace. */
  readonly accept: (measured: { readonly size: number; readonly sha256: string | null }) => boolean
}

/**
 * Writes a stream to a file that appears whole or not at all: written aside, synced, renamed, and the folder synced, so
 * that it is still there after the power went.
 */
export async function writeWholeFile(
  target: string,
  source: AsyncIterable<Uint8Array>,
  options: WriteOptions,
): Promise<Written> {
  const aside = await mkdtemp(join(options.incoming, 'in-'))
  try {
    const file = join(aside, 'image')
    const measured = await writeMeasured(file, source, options)
    if (measured === null) return { kind: 'declined' }
    if (!(await putInPlace(file, target, options))) return { kind: 'taken', measured }
    await syncFolder(dirname(target))
    return { kind: 'written', measured }
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

/** A second name, unlike a rename, is not given where there is one: of two writers, in two processes, one wins. */
async function putInPlace(file: string, target: string, { keepsFirst }: WriteOptions): Promise<boolean> {
  if (keepsFirst !== true) {
    await rename(file, target)
    return true
  }
  try {
    await link(file, target)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function writeMeasured(
  path: string,
  source: AsyncIterable<Uint8Array>,
  { mode, accept }: WriteOptions,
): Promise<Measured | null> {
  const hash = createHash('sha256')
  let size = 0
  await using file = await open(path, 'wx', mode)
  for await (const chunk of fromSource(source)) {
    size += chunk.length
    if (!accept({ size, sha256: null })) return null
    hash.update(chunk)
    await writeAll(file, chunk)
  }
  const measured = { size, sha256: hash.digest('hex') }
  if (!accept(measured)) return null
  await file.sync()
  return measured
}

/** Keeps apart whose fault it was: the stream that broke off, or the disk. */
async function* fromSource(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source
  } catch (cause) {
    throw new ImageStoreError('source_failed', 'the bytes stopped coming before their end', cause)
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}
