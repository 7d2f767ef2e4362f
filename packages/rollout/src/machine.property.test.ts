import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { clockToleranceMs } from './causal-time.ts'
import { classOf, foldCounters, moveCounters } from './class-of.ts'
import { excuse } from './excuse.ts'
import type { Fact, FactBody } from './facts.ts'
import type { Policy } from './policy.ts'
import { mostTries } from './retry-after.ts'
import { lastAttempt, step } from './step.ts'
import {
  answered,
  bootstraps,
  boots,
  checks,
  claimed,
  completed,
  first,
  firstByte,
  informs,
  lastByte,
  oldVersion,
  outcomeOf,
  policy,
  putBack,
  reads,
  refused,
  second,
  settings,
  target,
  tellStory,
} from './tell-story.ts'
import type { Upgrade } from './upgrade.ts'
import { openAttempt, planUpgrade, wantsWatch } from './upgrade.ts'

/** Any other seed: SLUICE_SEED=7 npx vitest run packages/rollout */
const seed = Number(process.env['SLUICE_SEED'] ?? 20_261_120)
const runs = { seed, numRuns: 2000 }

const third = 'fw00000000000000000000000003'
const anyKey = fc.constantFrom(first, second, third)
const anyFault = fc.constantFrom(
  0,
  9000,
  9001,
  9002,
  9003,
  9004,
  9010,
  9012,
  9013,
  9015,
  9016,
  9017,
  9018,
  9019,
  9020,
  9850,
)
const anyDigest = fc.constantFrom('aa', 'bb', 'zz', null)
const anySnapshot = fc.record({
  settings: fc.dictionary(fc.constantFrom('ssid', 'password'), anyDigest),
  sentinels: fc.dictionary(fc.constantFrom('mark'), anyDigest),
  wanUp: fc.constantFrom(true, false, null),
})
const anyVersion = fc.constantFrom(oldVersion, oldVersion, target, target, '7.7')

const anyBody: fc.Arbitrary<FactBody> = fc.oneof(
  fc
    .record(
      {
        kind: fc.constant('claim_committed' as const),
        attemptId: anyKey,
        fromVersion: fc.constantFrom(oldVersion, oldVersion, target),
        snapshotBefore: fc.option(anySnapshot),
        delayMs: fc.constantFrom(0, 500_000),
        schedule: fc.record({ from: fc.constantFrom(0, 1_500_000), until: fc.constantFrom(2_000_000, 9_000_000) }),
        downloadArguments: fc.constantFrom('usual' as const, 'other' as const),
        release: fc.record({
          artifactId: fc.constant('art'),
          targetVersions: fc.constantFrom<string>(target, '7.7').map((version) => [version]),
          imageBytes: fc.nat(10_000_000),
          hosting: fc.constantFrom('ours' as const, 'operator' as const),
          steppingStone: fc.boolean(),
        }),
      },
      { requiredKeys: ['kind', 'attemptId', 'fromVersion', 'snapshotBefore'] },
    )
    .map((body): FactBody => body),
  fc
    .tuple(anyVersion, fc.subarray(['0 BOOTSTRAP', '1 BOOT', 'M Download']))
    .map(([version, codes]) => informs(version, ...codes)),
  fc.tuple(anyVersion, fc.subarray(['1 BOOT'])).map(([version, codes]) => informs(version, ...codes)),
  fc.tuple(fc.constantFrom(0 as const, 1 as const), anyKey).map(([status, key]) => answered(status, key)),
  fc.record({
    kind: fc.constant('download_faulted' as const),
    attemptId: anyKey,
    faultCode: anyFault,
    faultString: fc.constant(''),
  }),
  fc.record({ kind: fc.constant('download_unanswered' as const), attemptId: anyKey }),
  fc.tuple(anyFault, fc.oneof(anyKey, fc.constantFrom('', 'other'))).map(([code, key]) => completed(code, key)),
  fc.record({
    kind: fc.constant('queued_transfers_listed' as const),
    askedFor: fc.constantFrom(first, second, third),
    attemptIds: fc.subarray([first, second, third]),
  }),
  fc.constant<FactBody>({ kind: 'queued_transfers_unsupported' }),
  fc.record({
    kind: fc.constant('cancel_answered' as const),
    attemptId: anyKey,
    faultCode: fc.constantFrom(0, 9000, 9021),
  }),
  anySnapshot.map((read): FactBody => ({ kind: 'snapshot_read', ...read })),
  fc.record({
    kind: fc.constant('checks_read' as const),
    attemptId: anyKey,
    checks: fc.dictionary(
      fc.constantFrom('wan', 'voip'),
      fc.constantFrom('passed' as const, 'failed' as const, 'unknown' as const),
    ),
  }),
  fc.record({
    kind: fc.constant('settings_restored' as const),
    attemptId: anyKey,
    names: fc.subarray(['ssid', 'password']),
    refused: fc.subarray([{ name: 'ssid', faultCode: 9008 }]),
  }),
  anyKey.map(firstByte),
  anyKey.map(lastByte),
  fc.record({
    kind: fc.constant('download_refused' as const),
    attemptId: anyKey,
    reason: fc.constantFrom('stopped' as const, 'shedding' as const, 'unauthorized' as const, 'expired' as const),
  }),
  fc.constant<FactBody>({ kind: 'time_passed' }),
  fc.constant<FactBody>({ kind: 'time_passed' }),
  fc.record({
    kind: fc.constant('withdrawn' as const),
    reason: fc.constantFrom('cancelled' as const, 'superseded' as const, 'skipped' as const),
    detail: fc.constant(''),
  }),
  fc.constant<FactBody>({ kind: 'cancel_requested' }),
  fc.constant<FactBody>({ kind: 'artifact_revoked' }),
)

/** A life: mostly forward in time, sometimes a fact that was long on its way; most begin with a claim. */
const anyLife: fc.Arbitrary<Fact[]> = fc
  .tuple(fc.boolean(), fc.array(fc.tuple(anyBody, fc.integer({ min: -200, max: 900 })), { maxLength: 40 }))
  .map(([begins, steps]) => {
    let at = 1_000_000
    const kept = { hasChecks: true, settingsKept: true }
    const bodies: [FactBody, number][] = begins
      ? [[claimed(first, settings, oldVersion, kept), 1], [answered(), 1], ...steps]
      : steps
    return bodies.map(([body, seconds], index): Fact => {
      at = Math.max(1, at + seconds * 1000)
      return { id: `fact_${index}`, at, ...body }
    })
  })

const planned = (): Upgrade =>
  planUpgrade({ upgradeId: 'u', campaignId: 'c', deviceKey: 'd', targetVersions: [target], imageBytes: 1_000_000 })

/** Runs a life and looks at every step of it. */
function live(
  facts: Fact[],
  look: (before: Upgrade, fact: Fact, answer: ReturnType<typeof step>) => void,
  rules: Policy = policy,
): Upgrade {
  return facts.reduce((upgrade, fact) => {
    const answer = step(upgrade, fact, rules)
    look(upgrade, fact, answer)
    return answer.upgrade
  }, planned())
}

const everyStep = (look: Parameters<typeof live>[1]) =>
  fc.assert(
    fc.property(anyLife, (facts) => void live(facts, look)),
    runs,
  )

describe(`any facts in any order (seed ${seed})`, () => {
  test('have a defined answer: ignored with a reason and untouched, or one version further', () => {
    everyStep((before, _fact, { upgrade, effects, ignored }) => {
      if (ignored === undefined) expect(upgrade.version).toBe(before.version + 1)
      else {
        expect(upgrade).toBe(before)
        expect(effects).toEqual([])
      }
      expect(JSON.parse(JSON.stringify(upgrade))).toEqual(upgrade)
    })
  })

  test('have the same answer every time, and never change what they were given', () => {
    everyStep((before, fact, answer) => {
      const copy = structuredClone(before)
      expect(step(before, fact, policy)).toEqual(answer)
      expect(before).toEqual(copy)
    })
  })

  test('change nothing the second time', () => {
    everyStep((_before, fact, { upgrade }) => {
      expect(step(upgrade, fact, policy).ignored).toBeDefined()
    })
  })

  test('open one attempt at a time: a claim counts only before an offer or after a settled try', () => {
    everyStep((before, fact, { upgrade, ignored }) => {
      if (fact.kind !== 'claim_committed' || ignored !== undefined) {
        expect(upgrade.attempts).toBe(before.attempts)
        return
      }
      expect(['pending', 'retry']).toContain(before.state)
      expect(openAttempt(before)).toBeNull()
      expect(openAttempt(upgrade)?.attemptId).toBe(fact.attemptId)
      expect(before.tries.map(({ attemptId }) => attemptId)).not.toContain(fact.attemptId)
    })
  })

  test('never reopen a closed try: no attempt is held that was not offered last', () => {
    everyStep((before, fact, { upgrade }) => {
      if (openAttempt(before) === null && fact.kind !== 'claim_committed') expect(openAttempt(upgrade)).toBeNull()
    })
  })

  test('never try again what was to be cancelled', () => {
    everyStep((before, fact, { upgrade, ignored }) => {
      if (upgrade.state === 'retry') expect(upgrade.last.cancelRequestedAt).toBeNull()
      if (fact.kind !== 'cancel_requested' && fact.kind !== 'artifact_revoked') return
      if (before.state === 'pending' || before.state === 'retry') expect(upgrade).toMatchObject({ state: 'settled' })
      else if (openAttempt(before) !== null) {
        expect(['no_news', undefined]).toContain(ignored)
        expect(lastAttempt(upgrade)?.cancelRequestedAt).not.toBeNull()
      }
    })
  })

  test('prove success only by what the device reported', () => {
    everyStep((_before, _fact, { upgrade }) => {
      if (upgrade.state !== 'settled') return
      const { outcome, last } = upgrade
      if (outcome.kind !== 'verified' && outcome.kind !== 'verified_config_lost') return
      if (last === null) throw new Error('success without an attempt')
      if (last.sameVersion) expect([last.completedAt, last.boots]).not.toContain(null)
      else
        expect(last.onTarget?.lastAt).toBeGreaterThanOrEqual(
          (last.onTarget?.sinceAt ?? Infinity) + policy.timers.soakMs,
        )
      if (outcome.kind !== 'verified' || outcome.settings !== 'preserved') return
      for (const [name, digest] of Object.entries(last.before.settings)) {
        expect(digest).not.toBeNull()
        expect(last.after.settings[name]?.digest).toBe(digest)
      }
    })
  })

  test('keep the counters equal to the fold', () => {
    fc.assert(
      fc.property(anyLife, (facts) => {
        let counters = foldCounters([planned()])
        const end = live(facts, (before, _fact, { upgrade }) => {
          counters = moveCounters(counters, before, upgrade)
        })
        expect(counters).toEqual(foldCounters([end]))
      }),
      runs,
    )
  })

  test('leave a timer running wherever the device is waited for, and none elsewhere', () => {
    everyStep((_before, _fact, { upgrade }) => {
      const waits =
        openAttempt(upgrade) !== null ||
        upgrade.state === 'verifying' ||
        (upgrade.state === 'settled' && !upgrade.final)
      expect(upgrade.dueAt !== null).toBe(waits)
    })
  })

  test('fire no timer before it is due', () => {
    everyStep((before, fact, { ignored }) => {
      if (fact.kind === 'time_passed' && (before.dueAt === null || fact.at < before.dueAt))
        expect(ignored).toBe('not_due')
    })
  })

  test('are watched for from the first offer until they no longer count', () => {
    everyStep((_before, _fact, { upgrade }) => {
      expect(wantsWatch(upgrade)).toBe(lastAttempt(upgrade) !== null && !(upgrade.state === 'settled' && upgrade.final))
    })
  })

  test('a device that says nothing more always settles, and then becomes final', () => {
    fc.assert(
      fc.property(anyLife, (facts) => {
        let upgrade = live(facts, () => {})
        for (let count = 0; count < 6 && upgrade.dueAt !== null; count += 1)
          upgrade = step(upgrade, { id: 'due', at: upgrade.dueAt, kind: 'time_passed' }, policy).upgrade
        expect(upgrade.dueAt).toBeNull()
        expect(['pending', 'in_flight', 'unproven'].includes(classOf(upgrade))).toBe(
          upgrade.state === 'pending' || upgrade.state === 'retry',
        )
      }),
      runs,
    )
  })
})

describe(`tries of one upgrade (seed ${seed})`, () => {
  const anyTry = fc.record({
    before: fc.subarray<FactBody['kind']>([
      'download_answered',
      'download_refused',
      'first_byte_served',
      'last_byte_served',
    ]),
    reason: fc.constantFrom('stopped' as const, 'shedding' as const, 'unauthorized' as const, 'expired' as const),
    fault: anyFault.filter((code) => code !== 0),
    where: fc.constantFrom('answer', 'transfer', 'lost'),
  })
  type AnyTry = typeof anyTry extends fc.Arbitrary<infer Shape> ? Shape : never
  const factsOf = (attemptId: string, { before, reason, fault, where }: AnyTry): FactBody[] => [
    ...(before.includes('download_answered') && where !== 'lost' ? [answered(1, attemptId)] : []),
    ...(before.includes('download_refused') ? [{ kind: 'download_refused', attemptId, reason } as const] : []),
    ...(before.includes('first_byte_served') && where !== 'lost' ? [firstByte(attemptId)] : []),
    ...(before.includes('last_byte_served') && where !== 'lost' ? [lastByte(attemptId)] : []),
    ...(where === 'answer'
      ? [{ kind: 'download_faulted', attemptId, faultCode: fault, faultString: '' } as const]
      : []),
    ...(where === 'transfer' ? [completed(fault, attemptId)] : []),
    ...(where === 'lost'
      ? ([
          { kind: 'download_unanswered', attemptId },
          { kind: 'queued_transfers_listed', askedFor: attemptId, attemptIds: [] },
        ] as FactBody[])
      : []),
  ]

  test('end, whatever they fail of; an image refused by a device that had it whole is always suspect', () => {
    fc.assert(
      fc.property(fc.array(anyTry, { minLength: 1, maxLength: 4 }), (kinds) => {
        const story = tellStory()
        for (let index = 1; index <= mostTries + 1; index += 1) {
          if (story.upgrade.state === 'settled') break
          const attemptId = `fw${String(index).padStart(26, '0')}`
          const one = kinds[index % kinds.length]!
          const heard = story.effects.length
          story.tell(index * 1000, claimed(attemptId), ...factsOf(attemptId, one))
          const rejected = one.where === 'transfer' && (one.fault === 9018 || one.fault === 9019)
          if (!rejected || !one.before.includes('last_byte_served')) continue
          expect(story.effects.slice(heard)).toContainEqual(expect.objectContaining({ kind: 'suspect_image' }))
          expect(story.upgrade.tries.at(-1)).toMatchObject({ charged: true })
        }
        expect(story.upgrade.state).toBe('settled')
        expect(story.upgrade.attempts).toBeLessThanOrEqual(mostTries)
      }),
      { ...runs, numRuns: 5000 },
    )
  })
})

describe(`clocks apart by less than the tolerance (seed ${seed})`, () => {
  /** True seconds since the offer, and whose clock the fact is told by. */
  type Seen = [at: number, by: 'gateway' | 'file server', fact: FactBody]
  const install: Seen[] = [
    [1, 'gateway', answered()],
    [10, 'file server', firstByte()],
    [40, 'file server', lastByte()],
  ]
  /** The Inform of the very session in which we claimed. */
  const boot: Seen = [-0.1, 'gateway', boots(oldVersion)]
  const lives: Seen[][] = [
    [...install, [80, 'gateway', boots(target)], [300, 'gateway', informs(target)]],
    [...install, [80, 'gateway', boots(oldVersion)], [300, 'gateway', informs(oldVersion)]],
    [...install, [45, 'gateway', completed(9018)], [300, 'gateway', informs(oldVersion)]],
    [...install, [80, 'gateway', boots(target)], [200, 'gateway', boots(oldVersion)]],
    [...install, [200, 'gateway', informs(oldVersion)], [300, 'gateway', informs(oldVersion)]],
    [
      [1, 'gateway', answered()],
      [2, 'gateway', completed(9015)],
    ],
    [
      [2, 'gateway', boots(target)],
      [300, 'gateway', informs(target)],
    ],
    [[1, 'gateway', refused(9000)]],
  ]
  const skew = fc.integer({ min: -clockToleranceMs / 2000, max: clockToleranceMs / 2000 })
  const once: Policy = { ...policy, retries: { ...policy.retries, maxAttempts: 1 } }

  test('give the same outcome, in any order', () => {
    const anyTelling = fc
      .constantFrom(...lives)
      .chain((life) => fc.tuple(fc.constant(life), fc.shuffledSubarray(life, { minLength: life.length }), skew, skew))
    const end = (life: Seen[], gateway: number, fileServer: number) => {
      const story = tellStory(once).tell(1000, claimed())
      for (const [at, by, fact] of life) story.tell(1000 + at + (by === 'gateway' ? gateway : fileServer), fact)
      return outcomeOf(story.wait(100_000))
    }
    fc.assert(
      fc.property(anyTelling, ([life, shuffled, gateway, fileServer]) => {
        expect(end(shuffled, gateway, fileServer)).toEqual(end(life, 0, 0))
        expect(end([boot, ...life], gateway, fileServer)).toEqual(end(life, 0, 0))
      }),
      { ...runs, numRuns: 10_000 },
    )
  })
})

describe(`outages of our own (seed ${seed})`, () => {
  const anyOutage = fc
    .tuple(fc.integer({ min: -1000, max: 20_000 }), fc.integer({ min: 0, max: 5000 }))
    .map(([from, length]) => ({ from: 1_000_000 + from * 1000, to: 1_000_000 + (from + length) * 1000 }))

  test('stop timers for their own length at most, and twice or in another order is the same', () => {
    fc.assert(
      fc.property(anyLife, fc.array(anyOutage, { maxLength: 6 }), (facts, outages) => {
        const upgrade = live(facts, () => {})
        const excused = outages.reduce((one, outage) => excuse(one, outage, policy), upgrade)
        const again = [...outages, ...outages]
          .toReversed()
          .reduce((one, outage) => excuse(one, outage, policy), upgrade)
        expect({ ...again, version: 0 }).toEqual({ ...excused, version: 0 })
        const longest = outages.reduce((sum, { from, to }) => sum + to - from, 0)
        expect(excused.state).toBe(upgrade.state)
        if (upgrade.state === 'pending' || upgrade.state === 'settled') expect(excused).toBe(upgrade)
        else if (upgrade.dueAt === null) {
          const uncharged = upgrade.tries.map((one, index) =>
            index < upgrade.tries.length - 1 ? one : { ...one, charged: false },
          )
          expect([upgrade.tries, uncharged]).toContainEqual(excused.tries)
        } else {
          // While verifying, an earlier deadline that had passed may lie ahead again.
          const passed = upgrade.state === 'verifying' ? (upgrade.attempt.clockAt ?? Infinity) : Infinity
          expect(excused.dueAt).toBeGreaterThanOrEqual(Math.min(upgrade.dueAt, passed))
          expect(excused.dueAt).toBeLessThanOrEqual(upgrade.dueAt + longest)
        }
      }),
      { ...runs, numRuns: 5000 },
    )
  })
})

describe(`the evidence of one attempt (seed ${seed})`, () => {
  const once: Policy = { ...policy, retries: { ...policy.retries, maxAttempts: 1 } }
  const evidence = fc.constantFrom<FactBody>(
    completed(),
    completed(),
    completed(9018),
    completed(9017),
    boots(oldVersion),
    informs(oldVersion),
    informs(oldVersion),
    boots(target),
    informs(target),
    informs(target),
    bootstraps(target),
    lastByte(),
  )
  /** Facts at different times, and the order they arrive in: each at least once, some twice. */
  const arrivals = fc
    .uniqueArray(fc.tuple(fc.integer({ min: 20, max: 400 }), evidence), {
      minLength: 1,
      maxLength: 6,
      selector: ([at]) => at,
    })
    .chain((facts) =>
      fc.tuple(
        fc.constant(facts),
        fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length }).map((order) => [...order, ...facts]),
      ),
    )

  const outcomeAfter = (facts: (readonly [number, FactBody])[], until: number) => {
    const story = tellStory(once).tell(0, claimed()).tell(1, answered()).tell(10, firstByte())
    for (const [at, fact] of facts) story.tell(at, fact)
    const { upgrade } = story.wait(until)
    if (upgrade.state !== 'settled') throw new Error(`not settled: ${upgrade.state}`)
    return { outcome: upgrade.outcome, evidence: { ...lastAttempt(upgrade), clockAt: null } }
  }

  test('of a lost answer leads to the same state in any order and any number of times', () => {
    const listing = (attemptIds: string[]): FactBody => ({
      kind: 'queued_transfers_listed',
      askedFor: first,
      attemptIds,
    })
    const heard = fc
      .tuple(
        fc.subarray<FactBody>([{ kind: 'download_unanswered', attemptId: first }], { minLength: 1 }),
        fc.oneof(
          fc.constant([listing([]), listing([second])]),
          fc.constant([listing([first]), listing([first, second])]),
        ),
        fc.subarray<FactBody>([
          informs(oldVersion),
          informs(oldVersion, '2 PERIODIC'),
          { kind: 'queued_transfers_unsupported' },
        ]),
      )
      .map((facts) => facts.flat().map((fact, index) => [20 + index, fact] as const))
      .chain((facts) =>
        fc.tuple(
          fc.constant(facts),
          fc
            .shuffledSubarray([...facts, ...facts], { minLength: facts.length })
            .chain((some) => fc.shuffledSubarray(facts, { minLength: facts.length }).map((rest) => [...some, ...rest])),
        ),
      )
    const after = (facts: (readonly [number, FactBody])[]) => {
      const { upgrade } = facts.reduce((story, [at, fact]) => story.tell(at, fact), tellStory().tell(0, claimed()))
      return { state: upgrade.state, evidence: lastAttempt(upgrade) }
    }
    fc.assert(
      fc.property(heard, ([facts, order]) => {
        expect(after(order)).toEqual(after(facts))
      }),
      { ...runs, numRuns: 5000 },
    )
  })

  test('of checks, of boots within the soak and of settings put back gives the same outcome in any order, any number of times', () => {
    const restoring: Policy = { ...once, restoreSettings: true }
    const lost = { ...settings, settings: { ssid: 'zz', password: 'bb' } }
    const anyVerdict = fc.constantFrom('passed' as const, 'failed' as const, 'unknown' as const)
    const heard = fc.oneof(
      fc.constantFrom<FactBody>(boots(target), informs(target), informs(target), boots(oldVersion), completed()),
      fc.dictionary(fc.constantFrom('wan', 'voip'), anyVerdict).map(checks),
      fc.constantFrom<FactBody>(putBack(['ssid']), putBack([], 'ssid')),
    )
    const told = fc
      .uniqueArray(fc.tuple(fc.integer({ min: 101, max: 280 }), heard), {
        minLength: 2,
        maxLength: 9,
        selector: ([at]) => at,
      })
      .chain((facts) =>
        fc.tuple(
          fc.constant(facts.toSorted(([a], [b]) => a - b)),
          fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length }).map((order) => [...order, ...facts]),
          fc.boolean(),
        ),
      )
    const after = (facts: readonly (readonly [number, FactBody])[], loses: boolean) => {
      const story = tellStory(restoring).tell(
        0,
        claimed(first, settings, oldVersion, { hasChecks: true, settingsKept: true }),
      )
      story.tell(1, answered()).tell(10, firstByte()).tell(100, lastByte())
      for (const [at, fact] of facts) story.tell(at, fact)
      // A reading means something only once the target was reported: a gateway makes it in that session.
      story.tell(281, boots(target), reads(loses ? lost : settings))
      story.tell(400, informs(target)).tell(401, putBack(['ssid']), checks({ voip: 'passed' }), reads(settings))
      return outcomeOf(story.wait(100_000))
    }
    fc.assert(
      fc.property(told, ([facts, order, loses]) => {
        expect(after(order, loses)).toEqual(after(facts, loses))
      }),
      { ...runs, numRuns: 5000 },
    )
  })

  test('gives the same outcome in any order and any number of times', () => {
    fc.assert(
      fc.property(arrivals, ([facts, order]) => {
        const inTime = facts.toSorted(([a], [b]) => a - b)
        expect(outcomeAfter(order, 50_000).outcome).toEqual(outcomeAfter(inTime, 50_000).outcome)
      }),
      { ...runs, numRuns: 5000 },
    )
  })
})
