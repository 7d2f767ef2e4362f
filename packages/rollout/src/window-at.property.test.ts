import { assert, constantFrom, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { admitClaim } from './admit-claim.ts'
import { type Policy, defaultPolicy } from './policy.ts'
import { tellStory } from './tell-story.ts'
import { quarters, situations, zones } from './testing/arbitrary-windows.ts'
import {
  type Rules,
  momentsBetween,
  openStretches,
  startFrom,
  transitionsOf,
  turnsBetween,
  wallOf,
} from './testing/wall-clock.ts'
import { windowAt } from './window-at.ts'

/** What `windowAt` says is compared with a clock on a wall, around each change of each zone above all. */
const minute = 60_000
const day = 86_400_000
const situation = situations(quarters)

/** Said with each failure, so that it can be had again. */
const runs = { numRuns: 150, verbose: 1 } as const

test('rule 10; request 3: whatever starts within a window ends within it, by the clock on the wall, around every change of the clocks', () => {
  assert(
    property(situation, ({ rules, subscriber, from, to, marginMs }) => {
      const open = openStretches(rules, subscriber, from, to + marginMs + minute)
      for (const at of momentsBetween(rules, subscriber, from, to)) {
        const answer = windowAt(rules, subscriber, at, marginMs)
        const isOpen = startFrom(open, at, marginMs) === at
        if ((answer.kind === 'open') !== isOpen) throw new Error(`${answer.kind} at ${new Date(at).toISOString()}`)
        if (answer.kind === 'open' && (answer.until ?? Infinity) <= at) throw new Error(new Date(at).toISOString())
      }
    }),
    runs,
  )
})

test('a window is told to open at the earliest instant at which it does, and that instant never moves back', () => {
  assert(
    property(situation, ({ rules, subscriber, from, to, marginMs }) => {
      const moments = momentsBetween(rules, subscriber, from, to)
      const answers = moments.map((at) => windowAt(rules, subscriber, at, marginMs))
      let firstOpen = Infinity
      let told = Infinity
      // Backwards: what is told later is never earlier, and nothing was open before it.
      for (const [index, answer] of [...answers.entries()].toReversed()) {
        const at = moments[index]!
        if (answer.kind === 'open') firstOpen = at
        const opensAt = answer.kind === 'open' ? at : (answer.opensAt ?? Infinity)
        if (opensAt > told || opensAt < at || opensAt > firstOpen) throw new Error(new Date(at).toISOString())
        if (opensAt === told || opensAt === Infinity) continue
        told = opensAt
        expect(windowAt(rules, subscriber, opensAt, marginMs).kind).toBe('open')
        expect(windowAt(rules, subscriber, opensAt - 1, marginMs).kind === 'open' && opensAt > at).toBe(false)
      }
    }),
    runs,
  )
})

test('rule 10; request 5: in every zone the hours hold through every change of the clocks of a year', () => {
  const nights: Rules = { windows: [{ zone: 'UTC', from: '00:30', to: '02:30' }] }
  const overnight: Rules = { windows: [{ zone: 'UTC', from: '23:15', to: '03:15', days: ['sat', 'wed'] }] }
  let changes = 0
  for (const one of zones) {
    for (const year of [2011, 2026]) {
      for (const change of transitionsOf(one, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))) {
        changes += 1
        for (const rules of [nights, overnight]) {
          const wall = wallOf(rules, one)
          for (let at = change - 2 * 60 * minute; at < change + 2 * 60 * minute; at += 15 * minute) {
            const isOpen = windowAt(rules, one, at).kind === 'open'
            if (isOpen !== wall(at)) throw new Error(`${one} at ${new Date(at).toISOString()}`)
          }
        }
      }
    }
  }
  expect(changes).toBeGreaterThan(500)
})

/** What the margin is made of. The smaller image is there sooner than any transfer is reckoned with. */
const work = record({
  imageBytes: constantFrom(1_000, 40_000_000),
  delaySeconds: constantFrom(0, 600),
  /** Of the seven quarters of an hour, the one to begin with. */
  phase: integer({ min: 0, max: 6 }),
})

/** Seven quarters of an hour on and on: each time of the day is met in each week. */
const stride = 7 * 15 * minute

test('rule 10; request 3, 5: a claim is let in exactly where its window lasts for its whole margin, with no freeze: at each seventh quarter of an hour of a year, and at each one within a day of a change of the clocks or an end of a freeze', () => {
  const seen = { strict: { go: 0, not_before: 0, gone: 0 }, plain: { go: 0, not_before: 0, gone: 0 } }
  assert(
    property(situation, work, ({ rules, subscriber, year }, { imageBytes, delaySeconds, phase }) => {
      const end = year + 365 * day
      const { upgrade } = tellStory(defaultPolicy, { imageBytes })
      const open = openStretches(rules, subscriber, year, end + day)
      const near = turnsBetween(rules, subscriber, year, end)
        .flatMap((turn) => momentsBetween(rules, subscriber, turn - day, turn + day))
        .filter((at) => year <= at && at < end)
      const asked = new Set(near)
      for (let at = year + phase * 15 * minute; at < end; at += stride) asked.add(at)
      const [wait, transfer, flash] = [delaySeconds * 1000, Math.max(15 * minute, imageBytes / 16), 30 * minute]
      for (const strictWindows of [true, false]) {
        const policy: Policy = { ...defaultPolicy, ...rules, strictWindows, delivery: { delaySeconds } }
        const late = strictWindows ? 60 * minute : 0
        const marginMs = wait + transfer + flash + late
        const count = strictWindows ? seen.strict : seen.plain
        for (const now of asked) {
          const answer = admitClaim({
            now,
            upgrade,
            policy,
            campaign: 'running',
            waveOpen: true,
            reportedVersion: '1.0',
            zone: subscriber,
            modelBlocked: false,
            heldElsewhere: false,
            caps: [],
          })
          const start = startFrom(open, now, marginMs)
          count[answer.kind] += 1
          if ((answer.kind === 'go') !== (start === now))
            throw new Error(`${answer.kind} at ${new Date(now).toISOString()}, margin ${marginMs}`)
          if (answer.kind === 'not_before' && start !== null && answer.at !== start)
            throw new Error(`${new Date(answer.at).toISOString()} told at ${new Date(now).toISOString()}`)
        }
      }
    }),
    // Each of them takes so long that smaller ones are not looked for.
    { ...runs, numRuns: 12, endOnFailure: true },
  )
  // One year in twenty or so lacks one of them: twelve in a row never do, whatever the seed.
  for (const count of Object.values(seen)) {
    expect(count.go).toBeGreaterThan(0)
    expect(count.not_before).toBeGreaterThan(0)
    expect(count.gone).toBe(0)
  }
})
