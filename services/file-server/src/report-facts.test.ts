import { BusError, type Bus } from '@sluice/bus'
import { createIds, createLog, createManualClock } from '@sluice/runtime'
import { expect, it } from 'vitest'
import { createFactReporter } from './report-facts.ts'

const ATTEMPT = createIds().attempt()
const UPGRADE = createIds().upgrade()

/** A bus that answers publishes as told, and notes them. */
function stubborn(answers: ('stored' | 'away' | 'stored_but_unanswered')[]) {
  const published: { id: string; items: unknown[] }[] = []
  const publish: Bus['publish'] = async (_, events) => {
    const answer = answers.shift() ?? 'stored'
    for (const { id, data } of events) {
      if (answer !== 'away') published.push({ id, items: (data as { items: unknown[] }).items })
    }
    if (answer !== 'stored') throw new BusError('unavailable', 'away')
  }
  return { bus: { publish } as Bus, published }
}
function reporter(bus: Bus, maxWaiting?: number) {
  const clock = createManualClock(1_000_000)
  const facts = createFactReporter(
    { bus, clock, ids: createIds(), log: createLog({ service: 't', level: 'silent' }) },
    maxWaiting,
  )
  const tell = (bytes: number) => facts.report(UPGRADE, { kind: 'first_byte_served', attemptId: ATTEMPT, bytes })
  return { clock, facts, tell }
}

it('tells again what the bus did not take, under the same id and with nothing added to it', async () => {
  const { bus, published } = stubborn(['stored_but_unanswered', 'stored', 'stored'])
  const { clock, tell } = reporter(bus)
  tell(1)
  await clock.advance(200)
  tell(2)
  await clock.advance(5_000)
  expect(published.map(({ items }) => items.length)).toEqual([1, 1, 1])
  expect(published[0]!.id).toBe(published[1]!.id)
  expect(published[0]!.id).not.toBe(published[2]!.id)
})

it('fault 46: keeps only so many while the bus is away, the newest', async () => {
  const { bus, published } = stubborn([])
  const { facts, tell } = reporter(bus, 3)
  for (const bytes of [1, 2, 3, 4, 5]) tell(bytes)
  await facts.stop()
  expect(published.flatMap(({ items }) => items)).toMatchObject([
    { fact: { bytes: 3 } },
    { fact: { bytes: 4 } },
    { fact: { bytes: 5 } },
  ])
})

it('ends when told to, also while the bus stays away', async () => {
  const { bus } = stubborn(Array.from({ length: 100 }, () => 'away' as const))
  const { clock, facts, tell } = reporter(bus)
  tell(1)
  await clock.advance(3_000)
  await facts.stop()
  expect(clock.pending()).toBe(0)
})
