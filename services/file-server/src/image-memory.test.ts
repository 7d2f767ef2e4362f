import { expect, it } from 'vitest'
import { createImageMemory } from './image-memory.ts'

/** A store that notes what it was asked for. */
function store(digests: Record<string, string>) {
  const asked: string[] = []
  const digestOf = async (artifactId: string) => (asked.push(artifactId), digests[artifactId] ?? null)
  const size = async (sha256: string) => (asked.push(`size of ${sha256}`), sha256.length)
  return { asked, digests, digestOf, size }
}

it('asks the store once for each artifact', async () => {
  const images = store({ a: '1', b: '22' })
  const memory = createImageMemory(images, 10)
  for (const _ of [1, 2, 3]) {
    expect(await memory.imageOf('a')).toEqual({ sha256: '1', size: 1 })
    expect(await memory.imageOf('b')).toEqual({ sha256: '22', size: 2 })
  }
  expect(images.asked).toEqual(['a', 'size of 1', 'b', 'size of 22'])
})

it('does not remember that an artifact was not promoted yet, nor an image that is not there yet', async () => {
  const images = { ...store({}), size: async () => null as number | null }
  const memory = createImageMemory(images, 10)
  expect(await memory.imageOf('a')).toBeNull()
  images.digests['a'] = '1'
  expect(await memory.imageOf('a')).toBeNull()
  images.size = async () => 7
  expect(await memory.imageOf('a')).toEqual({ sha256: '1', size: 7 })
})

it('forgets the artifact asked for longest ago, and has room for no more than it was given', async () => {
  const images = store({ a: '1', b: '2', c: '3' })
  const memory = createImageMemory(images, 2)
  for (const artifactId of ['a', 'b', 'a', 'c', 'a', 'b']) await memory.imageOf(artifactId)
  expect(images.asked.filter((what) => what.length === 1)).toEqual(['a', 'b', 'c', 'b'])
})
