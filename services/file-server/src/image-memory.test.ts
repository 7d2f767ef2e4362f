import { expect, it } from 'vitest'
import { createDigestMemory } from './digest-memory.ts'

/** A store that notes what it was asked for. */
function store(digests: Record<string, string>) {
  const asked: string[] = []
  const digestOf = async (artifactId: string) => (asked.push(artifactId), digests[artifactId] ?? null)
  return { asked, digests, digestOf }
}

it('asks the store once for each artifact', async () => {
  const images = store({ a: '1', b: '2' })
  const memory = createDigestMemory(images, 10)
  for (const _ of [1, 2, 3]) expect([await memory.digestOf('a'), await memory.digestOf('b')]).toEqual(['1', '2'])
  expect(images.asked).toEqual(['a', 'b'])
})

it('does not remember that an artifact was not promoted yet', async () => {
  const images = store({})
  const memory = createDigestMemory(images, 10)
  expect(await memory.digestOf('a')).toBeNull()
  images.digests['a'] = '1'
  expect(await memory.digestOf('a')).toBe('1')
})

it('forgets the artifact asked for longest ago, and has room for no more than it was given', async () => {
  const images = store({ a: '1', b: '2', c: '3' })
  const memory = createDigestMemory(images, 2)
  for (const artifactId of ['a', 'b', 'a', 'c', 'a', 'b']) await memory.digestOf(artifactId)
  expect(images.asked).toEqual(['a', 'b', 'c', 'b'])
})
