import { describe, expect, it } from 'vitest'
import { tryMutants } from './try-mutants.ts'
import { absentTools, VECTORS } from './vectors.ts'

const MUTANTS = 3_000

describe.skipIf(absentTools.length > 0)(`mutants of images ${absentTools.join(', ')}`, () => {
  const seed = Number(process.env['SLUICE_SEED'] ?? 1)

  it.each(Object.entries(VECTORS))(`%s: ${MUTANTS} are all read or refused (seed ${seed})`, async (format, make) => {
    const others = Object.values(VECTORS).flatMap((makeOthers) => makeOthers().slice(0, 1))
    const { verdicts } = await tryMutants(make(), others, MUTANTS, seed)
    expect(Object.values(verdicts).reduce((sum, count) => sum + count, 0)).toBe(MUTANTS)
    expect(verdicts['format_malformed'], format).toBeGreaterThan(50)
    expect(Object.keys(verdicts).length, format).toBeGreaterThan(4)
  })
})
