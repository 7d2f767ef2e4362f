import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clockToleranceMs } from './causal-time.ts'
import type { Fact, FactBody } from './facts.ts'
import { newestVersionIn } from './newest-version.ts'
import { step } from './step.ts'
import { claimed, first, informs, oldVersion, policy, second, target } from './tell-story.ts'
import { planUpgrade } from './upgrade.ts'

/** Any other seed: SLUICE_SEED=7 npx vitest run packages/rollout */
const seed = Number(process.env['SLUICE_SEED'] ?? 20_261_120)

const offeredAt = 1_000_000_000
const planned = planUpgrade({
  upgradeId: 'u',
  campaignId: 'c',
  deviceKey: 'd',
  targetVersions: [target],
  imageBytes: 1_000,
})
const at = (ms: number, body: FactBody): Fact => ({ id: 'fact', at: offeredAt + ms, ...body })

/** What is known of the device after these facts, which come one after the other. */
function knownAfter(facts: readonly Fact[]): string | undefined {
  let upgrade = planned
  let known: string | undefined
  for (const fact of facts) {
    known = newestVersionIn(fact, upgrade) ?? known
    upgrade = step(upgrade, fact, policy).upgrade
  }
  return known
}

describe(`the version that a device runs (seed ${seed})`, () => {
  test('is that of its newest report, in whatever order reports come and however often', () => {
    const anyReport = fc
      .tuple(
        fc.integer({ min: -2 * clockToleranceMs, max: 10 * clockToleranceMs }),
        fc.constantFrom(oldVersion, target, '7.7'),
        fc.subarray(['1 BOOT']),
      )
      .map(([ms, version, codes]) => at(ms, informs(version, ...codes)))
    const anyReports = fc
      .array(anyReport, { maxLength: 40 })
      .chain((reports) =>
        fc.tuple(
          fc.constant(reports),
          fc.shuffledSubarray([...reports, ...reports], { minLength: 2 * reports.length }),
        ),
      )
    fc.assert(
      fc.property(anyReports, ([reports, anyOrder]) => {
        const inOrder = reports.toSorted((a, b) => a.at - b.at)
        const claim = at(0, claimed())
        expect(knownAfter([claim, ...anyOrder])).toBe(knownAfter([claim, ...inOrder]))
        const last = inOrder.at(-1)
        const isAlone = last !== undefined && last.at > offeredAt && inOrder.at(-2)?.at !== last.at
        if (isAlone && last.kind === 'informed') expect(knownAfter([claim, ...anyOrder])).toBe(last.softwareVersion)
      }),
      { seed, numRuns: 500 },
    )
  })

  test('is not told by a report from before the offer', () => {
    expect(knownAfter([at(0, claimed()), at(-clockToleranceMs - 1, informs('0.9'))])).toBe(oldVersion)
  })

  test('is told by a report of a new version, though the clock of its gateway is a little behind', () => {
    expect(knownAfter([at(0, claimed()), at(-clockToleranceMs, informs(target))])).toBe(target)
  })

  test('is what a claim says, whatever was heard before by a clock that is ahead', () => {
    const again = at(5_000, claimed(second, null, '1.1'))
    const refused: FactBody = { kind: 'download_faulted', attemptId: first, faultCode: 9003, faultString: '' }
    const before = [at(0, claimed()), at(9_000, informs(oldVersion)), at(1_000, refused)]
    expect(knownAfter([...before, again])).toBe('1.1')
    expect(knownAfter([...before, again, at(4_999 - clockToleranceMs, informs(oldVersion))])).toBe('1.1')
  })
})
