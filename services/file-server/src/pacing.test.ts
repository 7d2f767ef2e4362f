import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBudget } from './pacing.ts'

interface Sent {
  readonly who: number
  readonly askedAt: number
  readonly at: number
  readonly bytes: number
}

/** Transfers that each ask for their next piece once the last has gone and their line has taken it, in virtual time. */
function play(
  budget: ReturnType<typeof createBudget>,
  pieces: readonly number[],
  lineMs: readonly number[],
  ms: number,
) {
  const sent: Sent[] = []
  const next = pieces.map((_, who) => ({ who, at: who * 0.01 }))
  for (;;) {
    const first = next.reduce((earliest, one) => (one.at < earliest.at ? one : earliest))
    if (first.at > ms) return sent
    const bytes = pieces[first.who]!
    const at = first.at + budget.spend(bytes, first.at)
    sent.push({ who: first.who, askedAt: first.at, at, bytes })
    first.at = at + lineMs[first.who]!
  }
}
const transfers = fc.array(fc.record({ piece: fc.integer({ min: 1, max: 50_000 }), line: fc.nat({ max: 400 }) }), {
  minLength: 1,
  maxLength: 30,
})
const rates = fc.integer({ min: 20_000, max: 5_000_000 })
const RUN_MS = 5_000

describe('a budget', () => {
  it('is never exceeded: in no window go more bytes than it has, and the burst, and one piece', () => {
    fc.assert(
      fc.property(transfers, rates, fc.nat({ max: 200_000 }), (all, rate, burst) => {
        const sent = play(
          createBudget(rate, burst),
          all.map((one) => one.piece),
          all.map((one) => Math.max(1, one.line)),
          RUN_MS,
        )
        const inOrder = sent.toSorted((a, b) => a.at - b.at)
        const largest = Math.max(...all.map((one) => one.piece))
        // The worst window begins and ends with a piece. By sums of what went before, all of them in one pass.
        let before = 0
        let least = Infinity
        for (const { at, bytes } of inOrder) {
          least = Math.min(least, before - (rate * at) / 1_000)
          before += bytes
          expect(before - (rate * at) / 1_000 - least).toBeLessThanOrEqual(burst + largest + 1)
        }
      }),
    )
  })

  it('starves nobody: no piece waits longer than for one piece of each other transfer and the one under way', () => {
    fc.assert(
      fc.property(transfers, rates, (all, rate) => {
        const sent = play(
          createBudget(rate, 0),
          all.map((one) => one.piece),
          all.map((one) => Math.max(1, one.line)),
          RUN_MS,
        )
        const round = all.reduce((sum, one) => sum + one.piece, 0)
        const largest = Math.max(...all.map((one) => one.piece))
        for (const { at, askedAt, bytes } of sent) {
          expect(at - askedAt).toBeLessThanOrEqual(((round - bytes + largest) / rate) * 1_000 + 1e-6)
        }
      }),
    )
  })

  it('is shared evenly by who is as fast', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), rates, (count, rate) => {
        const sent = play(
          createBudget(rate, 0),
          Array.from({ length: count }, () => 10_000),
          Array.from({ length: count }, () => 1),
          20_000,
        )
        const of = (who: number) => sent.filter((one) => one.who === who).length
        const shares = Array.from({ length: count }, (_, who) => of(who))
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 20 },
    )
  })

  it('is used up where there is somebody to use it', () => {
    const sent = play(createBudget(1_000_000, 0), [16_384, 16_384, 16_384], [1, 1, 1], 10_000)
    const bytes = sent.filter(({ at }) => at <= 10_000).reduce((sum, one) => sum + one.bytes, 0)
    expect(bytes).toBeGreaterThan(9_900_000)
  })

  it('keeps nobody waiting because the clock was put back', () => {
    const budget = createBudget(1_000, 0)
    budget.spend(500, 3_600_000)
    expect(budget.spend(500, 0)).toBe(500)
  })
})
