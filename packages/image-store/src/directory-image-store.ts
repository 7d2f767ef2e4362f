import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { abortable } from './abortable.ts'
import { holdFile } from './hold-file.ts'
import type { ByteRange, ImageStore, OpenedImage, Promoted } from './image-store.ts'
import { absentIsNull, assertInside, onMedium } from './medium.ts'
import { artifactName, digestIn, isArtifactName, promotedName } from './names.ts'
import { writeWholeFile } from './write-whole-file.ts'

const PRIVATE = 0o600
/** A promoted image is never written again, not by us either; nor is what says which artifact it is of. */
const READ_ONLY = 0o444

/**
 * Images in a directory that the services on one machine, or on one shared file system, have in common. Makes the
 * folders it needs, unless it is opened to read alone: then the directory may be read-only, and empty as yet.
 */
export async function openDirectoryImageStore(
  root: string,
  access: 'read_and_write' | 'read' = 'read_and_write',
): Promise<ImageStore> {
  const folders = {
    incoming: join(root, 'incoming'),
    quarantine: join(root, 'quarantine'),
    sha256: join(root, 'sha256'),
    artifact: join(root, 'artifact'),
  }
  await onMedium(async () => {
    if (access === 'read') return
    for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true, mode: 0o700 })
  })
  const quarantined = (artifactId: string) => join(folders.quarantine, artifactName(artifactId))
  const promoted = (sha256: string) => join(folders.sha256, promotedName(sha256))

  const indexed = (artifactId: string) => join(folders.artifact, artifactName(artifactId))

  /** An entry that is none is missing: it is written anew. */
  const digestOf = (artifactId: string) => {
    const entry = indexed(artifactId)
    return onMedium(async () => digestIn((await readFile(entry, 'latin1').catch(absentIsNull)) ?? ''))
  }
  const index = (artifactId: string, sha256: string) =>
    onMedium(() =>
      writeWholeFile(indexed(artifactId), Readable.from([Buffer.from(sha256)]), {
        incoming: folders.incoming,
        mode: READ_ONLY,
        accept: () => true,
      }),
    )
  const copyOut = async (artifactId: string, sha256: string): Promise<Promoted> => {
    const target = promoted(sha256)
    const there = await sizeOf(target)
    if (there !== null) return { kind: 'promoted', size: there }
    const image = await openFile(quarantined(artifactId))
    if (image.kind === 'absent') return image
    let found = ''
    const written = await onMedium(() =>
      writeWholeFile(target, image.stream, {
        incoming: folders.incoming,
        mode: READ_ONLY,
        accept: (measured) => measured.sha256 === null || (found = measured.sha256) === sha256,
      }),
    )
    return written.kind === 'written'
      ? { kind: 'promoted', size: written.measured.size }
      : { kind: 'digest_mismatch', sha256: found }
  }

  return {
    quarantine: async (artifactId, source, { maxBytes, signal }) => {
      const target = quarantined(artifactId)
      const written = await onMedium(
        () =>
          writeWholeFile(target, abortable(source, signal), {
            incoming: folders.incoming,
            mode: PRIVATE,
            accept: ({ size }) => size <= maxBytes,
          }),
        signal,
      )
      return written.kind === 'written' ? { kind: 'stored', ...written.measured } : { kind: 'too_large', maxBytes }
    },

    openQuarantined: (artifactId) => holdFile(quarantined(artifactId)),

    promote: async (artifactId, sha256) => {
      const before = await digestOf(artifactId)
      if (before !== null && before !== sha256) return { kind: 'promoted_before', sha256: before }
      const outcome = await copyOut(artifactId, sha256)
      // After the image: who finds the entry finds the bytes.
      if (outcome.kind === 'promoted' && before === null) await index(artifactId, sha256)
      return outcome
    },

    digestOf,
    open: (sha256, range) => openFile(promoted(sha256), range),
    size: (sha256) => sizeOf(promoted(sha256)),
    remove: async (artifactId, { olderThan } = { olderThan: Infinity }) => {
      const target = quarantined(artifactId)
      await onMedium(async () => {
        const found = await stat(target).catch(absentIsNull)
        if (found !== null && found.mtimeMs < olderThan) await rm(target, { force: true })
      })
    },

    discard: (sha256) => {
      const target = promoted(sha256)
      return onMedium(() => rm(target, { force: true }))
    },

    listQuarantined: () =>
      onMedium(async () => {
        const names = (await readdir(folders.quarantine)).filter(isArtifactName)
        const found = await Promise.all(names.map((name) => stat(join(folders.quarantine, name)).catch(absentIsNull)))
        return names.flatMap((artifactId, at) => (found[at] ? [{ artifactId, since: found[at].mtimeMs }] : []))
      }),
    sweepUnfinished: (before) =>
      onMedium(async () => {
        let swept = 0
        for (const name of await readdir(folders.incoming)) {
          const path = join(folders.incoming, name)
          if ((await movedAt(path)) >= before) continue
          await rm(path, { recursive: true, force: true })
          swept++
        }
        return swept
      }),
  }
}

/** When something in a folder moved last: a writer touches its file, not the folder the file lies in. */
async function movedAt(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const found = await Promise.all(
    [folder, ...names.map((name) => join(folder, name))].map((path) => stat(path).catch(absentIsNull)),
  )
  return Math.max(0, ...found.map((one) => one?.mtimeMs ?? 0))
}

async function openFile(path: string, range?: ByteRange): Promise<OpenedImage> {
  return onMedium(async () => {
    const file = await open(path, 'r').catch(absentIsNull)
    if (file === null) return { kind: 'absent' }
    try {
      const { size } = await file.stat()
      if (range) assertInside(range, size)
      const bounds = range ? { start: range.first, end: range.last } : {}
      return { kind: 'open', size, stream: file.createReadStream({ ...bounds, highWaterMark: 256 * 1024 }) }
    } catch (error) {
      await file.close()
      throw error
    }
  })
}

async function sizeOf(path: string): Promise<number | null> {
  return onMedium(async () => (await stat(path).catch(absentIsNull))?.size ?? null)
}
