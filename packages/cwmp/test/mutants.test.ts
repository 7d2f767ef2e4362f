import { describe, expect, it } from 'vitest'

import { corpusIsAbsent, readCorpus, whyAbsent } from './corpus.ts'
import { tryMutants } from './try-mutants.ts'

describe.skipIf(corpusIsAbsent)(`mutants of messages of devices ${whyAbsent}`, () => {
  const seed = Number(process.env['SLUICE_SEED'] ?? 1)

  it(`2,000 of them are all answered, and some of them read (seed ${seed})`, () => {
    const { verdicts } = tryMutants(readCorpus(), 2_000, seed)
    expect(Object.values(verdicts).reduce((sum, count) => sum + count, 0)).toBe(2_000)
    expect(verdicts['envelopes']).toBeGreaterThan(50)
    expect(Object.keys(verdicts).length).toBeGreaterThan(5)
  })

  it('one seed makes the same mutants each time, another one others', () => {
    const corpus = readCorpus()
    const verdictsOf = (chosen: number) => tryMutants(corpus, 500, chosen).verdicts
    expect(verdictsOf(7)).toEqual(verdictsOf(7))
    expect(verdictsOf(7)).not.toEqual(verdictsOf(8))
  })
})
