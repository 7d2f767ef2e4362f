import { Readable } from 'node:stream'
import type { OpenedImage } from '@sluice/image-store'
import { expect, it } from 'vitest'
import { createPieceCache, PIECE_BYTES } from './piece-cache.ts'

const image = { sha256: 'a', size: PIECE_BYTES * 2 + 5 }

/** A store whose bytes tell where they are from, and that notes what it was asked for. */
function store(answer: 'bytes' | 'absent' | 'fails' | 'too few' = 'bytes') {
  const asked: string[] = []
  const said = { answer }
  const open = async (sha256: string, range?: { first: number; last: number }): Promise<OpenedImage> => {
    const { first, last } = range!
    asked.push(`${sha256} ${first}-${last}`)
    if (said.answer === 'fails') throw new Error('the disk is gone')
    if (said.answer === 'absent') return { kind: 'absent' }
    const length = said.answer === 'bytes' ? last - first + 1 : 1
    const half = Math.floor(length / 2)
    const halves = [Buffer.alloc(half, first / PIECE_BYTES), Buffer.alloc(length - half, first / PIECE_BYTES)]
    return { kind: 'open', size: image.size, stream: Readable.from(halves, { objectMode: false }) }
  }
  return { asked, said, open }
}

it('reads each piece once, also when many ask for it at once, and the last one to the end of the image', async () => {
  const images = store()
  const cache = createPieceCache(images, 10 * PIECE_BYTES)
  const all = await Promise.all([0, 1, 2, 0, 1, 2].map((index) => cache.piece(image, index)))
  expect(all.map((piece) => piece!.length)).toEqual([PIECE_BYTES, PIECE_BYTES, 5, PIECE_BYTES, PIECE_BYTES, 5])
  expect(all.map((piece) => piece![3])).toEqual([0, 1, 2, 0, 1, 2])
  expect(images.asked).toHaveLength(3)
})

it('keeps the pieces used last, as many as it has room for', async () => {
  const images = store()
  const cache = createPieceCache(images, 2.5 * PIECE_BYTES)
  for (const index of [0, 1, 0, 2, 0, 1]) await cache.piece(image, index)
  expect(images.asked.map((asked) => Number(asked.split(/[ -]/)[1]) / PIECE_BYTES)).toEqual([0, 1, 2, 1])
})

it('keeps none where it has no room', async () => {
  const images = store()
  const cache = createPieceCache(images, 0)
  for (const index of [0, 0]) await cache.piece(image, index)
  expect(images.asked).toHaveLength(2)
})

it('asks again for what failed or was not there', async () => {
  const images = store('fails')
  const cache = createPieceCache(images, 10 * PIECE_BYTES)
  await expect(cache.piece(image, 0)).rejects.toThrow('gone')
  images.said.answer = 'absent'
  expect(await cache.piece(image, 0)).toBeNull()
  images.said.answer = 'bytes'
  expect((await cache.piece(image, 0))!.length).toBe(PIECE_BYTES)
})

it('gives no piece that is shorter than it has to be', async () => {
  const cache = createPieceCache(store('too few'), 10 * PIECE_BYTES)
  await expect(cache.piece(image, 0)).rejects.toThrow('1 bytes of piece 0')
})

it('reads an image again once it is forgotten, and no other', async () => {
  const images = store()
  const cache = createPieceCache(images, 10 * PIECE_BYTES)
  const other = { ...image, sha256: 'ab' }
  const readBoth = () => Promise.all([image, other].flatMap((one) => [0, 1].map((index) => cache.piece(one, index))))
  await readBoth()
  cache.forget('a')
  await readBoth()
  expect(images.asked.slice(4).map((asked) => asked.split(' ')[0])).toEqual(['a', 'a'])
})
