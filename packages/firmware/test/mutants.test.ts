import { beforeAll, describe, expect, it } from 'vitest'
import type { Vector } from './look-at-image.ts'
import { readOptions } from './options.ts'
import { tryMutants } from './try-mutants.ts'
import { absentTools, VECTORS } from './vectors.ts'

const MUTANTS = 3_000
/** Dozens of runs of tools make the images. */
const PATIENCE_MS = 180_000

describe.skipIf(absentTools.length > 0)(`mutants of images ${absentTools.join(', ')}`, () => {
  const seed = Number(process.env['SLUICE_SEED'] ?? 1)
  const vectors = new Map<string, readonly Vector[]>()
  beforeAll(() => Object.entries(VECTORS).forEach(([format, make]) => vectors.set(format, make())), PATIENCE_MS)

  it.each(Object.keys(VECTORS))(
    `%s: ${MUTANTS} are all read or refused (seed ${seed})`,
    async (format) => {
      const others = [...vectors].flatMap(([name, some]) => (name === format ? [] : some))
      const { verdicts } = await tryMutants(vectors.get(format)!, others, MUTANTS, seed)
      expect(Object.values(verdicts).reduce((sum, count) => sum + count, 0)).toBe(MUTANTS)
      expect(verdicts['format_malformed']).toBeGreaterThan(50)
      expect(Object.keys(verdicts).length).toBeGreaterThan(4)
    },
    PATIENCE_MS,
  )
})

it('options that make no sense are refused in one sentence', () => {
  const known = ['fit', 'uimage']
  expect(() => readOptions(['--mutants', 'many'], known)).toThrow('--mutants is a whole number from 1')
  expect(() => readOptions(['--mutants', '1', '--flips'], known)).toThrow('either --mutants N or --flips')
  expect(() => readOptions(['--flips', '--format', 'elf'], known)).toThrow('--format is one of fit, uimage')
  expect(readOptions(['--help'], known)).toBeNull()
})
