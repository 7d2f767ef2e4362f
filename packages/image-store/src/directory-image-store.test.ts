import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openDirectoryImageStore } from './directory-image-store.ts'
import { imageStoreSuite } from './image-store.suite.ts'

const folder = () => mkdtemp(join(tmpdir(), 'sluice-images-'))
const ART = 'art_01ARZ3NDEKTSV4RRFFQ69G5FAV'
async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

imageStoreSuite('images in a directory', async () => openDirectoryImageStore(await folder()))

it('leaves promoted images read-only and nothing unfinished behind', async () => {
  const root = await folder()
  const store = await openDirectoryImageStore(root)
  const stored = await store.quarantine(ART, bytes('image'), { maxBytes: 100 })
  if (stored.kind !== 'stored') throw new Error('not stored')
  await store.promote(ART, stored.sha256)
  await store.quarantine(ART, bytes('too long'), { maxBytes: 1 })
  expect((await stat(join(root, 'sha256', stored.sha256))).mode & 0o777).toBe(0o444)
  expect((await stat(join(root, 'artifact', ART))).mode & 0o777).toBe(0o444)
  expect(await readdir(join(root, 'incoming'))).toEqual([])
})

it('writes the entry of an artifact that was promoted before there were entries, or whose entry is none', async () => {
  const root = await folder()
  const store = await openDirectoryImageStore(root)
  const stored = await store.quarantine(ART, bytes('image'), { maxBytes: 100 })
  if (stored.kind !== 'stored') throw new Error('not stored')
  await store.promote(ART, stored.sha256)
  await store.remove(ART)
  const entry = join(root, 'artifact', ART)
  for (const damage of [() => rm(entry), () => rm(entry).then(() => writeFile(entry, 'no digest'))]) {
    await damage()
    expect(await store.digestOf(ART)).toBeNull()
    expect(await store.promote(ART, stored.sha256)).toEqual({ kind: 'promoted', size: 5 })
    expect(await store.digestOf(ART)).toBe(stored.sha256)
  }
})

it('sweeps away what a killed writer left, and not what is being written', async () => {
  const root = await folder()
  const store = await openDirectoryImageStore(root)
  for (const name of ['in-left', 'in-young']) {
    await mkdir(join(root, 'incoming', name))
    await writeFile(join(root, 'incoming', name, 'image'), 'half an image')
  }
  const hourAgo = Date.now() / 1_000 - 3_600
  await utimes(join(root, 'incoming', 'in-left', 'image'), hourAgo, hourAgo)
  // The folder of a file that is still written is as old as the first byte.
  for (const name of ['in-left', 'in-young']) await utimes(join(root, 'incoming', name), hourAgo, hourAgo)
  expect(await store.sweepUnfinished(Date.now() - 60_000)).toBe(1)
  expect(await readdir(join(root, 'incoming'))).toEqual(['in-young'])
})

it('says unavailable, with the cause, when the directory cannot be used', async () => {
  const root = await folder()
  await writeFile(join(root, 'file'), '')
  await expect(openDirectoryImageStore(join(root, 'file'))).rejects.toMatchObject({
    code: 'unavailable',
    cause: { code: 'ENOTDIR' },
  })
})

it('opens to read where nothing is yet, and makes nothing there', async () => {
  const root = await folder()
  const store = await openDirectoryImageStore(root, 'read')
  expect(await store.open('0'.repeat(64))).toEqual({ kind: 'absent' })
  expect(await store.size('0'.repeat(64))).toBeNull()
  expect(await store.digestOf(ART)).toBeNull()
  expect(await readdir(root)).toEqual([])
})
