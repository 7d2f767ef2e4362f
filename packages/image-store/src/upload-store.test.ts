import { createHash } from 'node:crypto'
import { mkdtemp, readdir, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { openDirectoryUploadStore } from './upload-store.ts'

const TASK = 'tsk_01ARZ3NDEKTSV4RRFFQ69G5FAV'

async function fresh() {
  const root = await mkdtemp(join(tmpdir(), 'sluice-uploads-'))
  return { root, store: await openDirectoryUploadStore(root) }
}

async function* bytes(...parts: string[]) {
  for (const part of parts) yield Buffer.from(part)
}

async function readBack(store: Awaited<ReturnType<typeof fresh>>['store']) {
  const opened = await store.open(TASK)
  return opened === null ? null : text(opened.stream)
}

test('what was put is read back, measured, and nobody else may read it', async () => {
  const { root, store } = await fresh()
  const sha256 = createHash('sha256').update('ssid=home').digest('hex')
  expect(await store.put(TASK, bytes('ssid=', 'home'), 100)).toEqual({ kind: 'stored', size: 9, sha256 })
  expect(await readBack(store)).toBe('ssid=home')
  expect((await stat(join(root, 'whole', TASK))).mode & 0o777).toBe(0o600)
})

test('what is too large or breaks off leaves what was there before', async () => {
  const { root, store } = await fresh()
  await store.put(TASK, bytes('first'), 100)
  expect(await store.put(TASK, bytes('x'.repeat(101)), 100)).toEqual({ kind: 'too_large' })
  const broken = (async function* () {
    yield Buffer.from('half')
    throw new Error('the device went away')
  })()
  await expect(store.put(TASK, broken, 100)).rejects.toMatchObject({ code: 'source_failed' })
  expect(await readBack(store)).toBe('first')
  expect(await readdir(join(root, 'incoming'))).toEqual([])
})

test('the first whole upload of an id stays: the same once more is well, another one is not taken', async () => {
  const { root, store } = await fresh()
  const first = await store.put(TASK, bytes('first'), 100)
  expect(await store.put(TASK, bytes('fir', 'st'), 100)).toEqual(first)
  expect(await store.put(TASK, bytes('another'), 100)).toEqual({ ...first, kind: 'taken' })
  expect(await readBack(store)).toBe('first')
  expect(await readdir(join(root, 'incoming'))).toEqual([])
  const other = 'bk01ARZ3NDEKTSV4RRFFQ69G5FAV'
  const raced = await Promise.all(['a', 'b', 'c'].map((text) => store.put(other, bytes(text), 100)))
  expect(raced.filter(({ kind }) => kind === 'stored')).toHaveLength(1)
})

test('a name that is no upload never becomes a path', async () => {
  const { store } = await fresh()
  await expect(store.put('../../etc/passwd', bytes('x'), 10)).rejects.toMatchObject({ code: 'bad_name' })
  await expect(store.open('tsk_/../x')).rejects.toMatchObject({ code: 'bad_name' })
})

test('the sweep removes what is old, and nothing else', async () => {
  const { root, store } = await fresh()
  await store.put(TASK, bytes('new'), 10)
  await store.put('bk01ARZ3NDEKTSV4RRFFQ69G5FAV', bytes('old'), 10)
  await utimes(join(root, 'whole', 'bk01ARZ3NDEKTSV4RRFFQ69G5FAV'), 1_000, 1_000)
  expect(await store.sweep(2_000_000)).toBe(1)
  expect(await readBack(store)).toBe('new')
  expect(await store.open('bk01ARZ3NDEKTSV4RRFFQ69G5FAV')).toBeNull()
})
