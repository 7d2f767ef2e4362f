import { integer, sample } from 'fast-check'

/** An order that differs from run to run, with the seed that brings it back: `SEED=… vitest`. */
export function createRandom() {
  const seed = Number(process.env['SEED'] ?? sample(integer({ min: 1, max: 2 ** 31 - 1 }), 1)[0])
  return {
    seed,
    shuffled<T>(items: readonly T[]): T[] {
      const keys = sample(integer(), { numRuns: items.length, seed })
      return items
        .map((item, index) => ({ item, key: keys[index]! }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ item }) => item)
    },
  }
}
