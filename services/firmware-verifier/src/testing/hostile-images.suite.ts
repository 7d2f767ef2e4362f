import { expect, it } from 'vitest'
import { staysInQuarantine } from './bad-input.suite.ts'
import type { World } from './world.ts'

type Deed = readonly [what: string, word: string, code: string]

const GREED: readonly Deed[] = [
  ['fills the heap of its reader', 'heap!', 'examination_out_of_memory'],
  ['fills buffers of its reader', 'buffers!', 'examination_out_of_memory'],
  ['has far too much read at once', 'greedy!', 'examination_failed'],
]
const DEEDS: readonly Deed[] = [
  ['keeps its reader busy for ever', 'loop!', 'examination_timed_out'],
  ['finds a bug in its reader', 'throw!', 'examination_failed'],
  ['ends its reader', 'exit!', 'examination_failed'],
  ['has something read that is not there', 'outside!', 'examination_failed'],
]

/** What hostile bytes do to their reader is their verdict: the service stays, and the next image is judged as ever. */
function rejects(world: () => World, deeds: readonly Deed[]): void {
  it.each(deeds)('an image that %s is rejected with that reason, and the next one is judged', async (_, word, code) => {
    const { addedKey, images, register, verdictOn, codes } = world()
    const key = await addedKey()
    // Large enough that a read of too much lies inside.
    const hostile = Buffer.alloc(word === 'greedy!' ? 18 * 1_048_576 : 1_000, word.padEnd(10, '.'))
    const plain = Buffer.from('a plain image')
    const bad = await register(hostile, { signatures: [key.signature(hostile)] })
    const good = await register(plain, { signatures: [key.signature(plain)] })
    expect(await codes(bad)).toEqual([code])
    expect((await verdictOn(bad)).evidence).toBeUndefined()
    await staysInQuarantine(images, bad)
    expect(await verdictOn(good)).toMatchObject({ trusted: true })
  })
}

/** With time enough: what ends the examination is the memory. */
export function greedyImages(world: () => World): void {
  rejects(world, GREED)
}

export function hostileImages(world: () => World): void {
  rejects(world, DEEDS)

  it('a store that does not answer is not held against the image: it comes again', async () => {
    const { addedKey, register, verdictOn, rejected } = world()
    const key = await addedKey()
    const bytes = Buffer.from('an image on a slow disk')
    let asked = 0
    world().holdUp = () => (++asked === 1 ? new Promise(() => undefined) : Promise.resolve())
    const artifactId = await register(bytes, { signatures: [key.signature(bytes)] })
    expect(await verdictOn(artifactId)).toMatchObject({ trusted: true })
    expect(asked).toBeGreaterThan(1)
    expect(rejected.map((judged) => judged.artifactId)).not.toContain(artifactId)
    world().holdUp = async () => undefined
  })
}
