import { createHash } from 'node:crypto'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { ImageStoreError } from './image-store-error.ts'
import { writeWholeFile } from './write-whole-file.ts'

/**
 * What devices put: configurations and logs, by the id of the upload. They hold what subscribers set, so nobody but the
 * owner of the directory may read them, and they are swept when their time is over.
 */
export interface UploadStore {
  /**
   * All or nothing, and the first one stays: a later one of the same id is `stored` if it is the same, byte for byte, and
   * `taken` if not. Throws `source_failed` when the source breaks off.
   */
  put(uploadId: string, source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<PutUpload>
  open(uploadId: string): Promise<{ readonly size: number; readonly stream: Readable } | null>
  /** Removes what is older, by the time it was put (epoch ms); how many those were. */
  sweep(before: number): Promise<number>
}

export type PutUpload =
  | { readonly kind: 'stored'; readonly size: number; readonly sha256: string }
  /** Of what was there before, and is. */
  | { readonly kind: 'taken'; readonly size: number; readonly sha256: string }
  | { readonly kind: 'too_large' }

const UPLOAD_ID = /^(?:tsk_|bk)[0-9A-HJKMNP-TV-Z]{26}$/
const PRIVATE = 0o600

/** Uploads in a directory that file servers write and the resolver reads. Makes the folders it needs. */
export async function openDirectoryUploadStore(root: string): Promise<UploadStore> {
  const incoming = join(root, 'incoming')
  const whole = join(root, 'whole')
  await onMedium(async () => {
    for (const folder of [incoming, whole]) await mkdir(folder, { recursive: true, mode: 0o700 })
  })
  return {
    put: (uploadId, source, maxBytes) =>
      onMedium(async () => {
        const accept = ({ size }: { readonly size: number }) => size <= maxBytes
        const path = pathOf(uploadId)
        const written = await writeWholeFile(path, source, { incoming, mode: PRIVATE, keepsFirst: true, accept })
        if (written.kind === 'declined') return { kind: 'too_large' }
        if (written.kind === 'written') return { kind: 'stored', ...written.measured }
        const there = await measure(path)
        return { kind: there.sha256 === written.measured.sha256 ? 'stored' : 'taken', ...there }
      }),
    open: (uploadId) =>
      onMedium(async () => {
        const file = await open(pathOf(uploadId), 'r').catch(absentIsNull)
        if (file === null) return null
        const { size } = await file.stat()
        return { size, stream: file.createReadStream() }
      }),
    sweep: (before) =>
      onMedium(async () => {
        const old: string[] = []
        for (const folder of [incoming, whole]) {
          for (const name of await readdir(folder)) {
            const path = join(folder, name)
            const found = await stat(path).catch(absentIsNull)
            if (found !== null && found.mtimeMs < before) old.push(path)
          }
        }
        for (const path of old) await rm(path, { recursive: true, force: true })
        return old.length
      }),
  }

  function pathOf(uploadId: string): string {
    if (!UPLOAD_ID.test(uploadId)) throw new ImageStoreError('bad_name', 'not the id of an upload')
    return join(whole, uploadId)
  }
}

async function measure(path: string): Promise<{ size: number; sha256: string }> {
  await using file = await open(path, 'r')
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of file.createReadStream({ autoClose: false })) {
    hash.update(chunk as Buffer)
    size += (chunk as Buffer).length
  }
  return { size, sha256: hash.digest('hex') }
}

function absentIsNull(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
  throw error
}

async function onMedium<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof ImageStoreError) throw cause
    throw new ImageStoreError('unavailable', 'the directory of uploads does not answer', cause)
  }
}
