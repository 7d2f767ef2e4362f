import { createIds, createManualClock } from '@sluice/runtime'
import { createJournal, migrate, openEmbedded } from '@sluice/sql'
import { inMemory } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { defaultSettings } from '../config.ts'
import { schedulerSchema } from '../store/schema.ts'
import { createPulse } from './pulse.ts'

const settings = { ...defaultSettings, outageAfterMs: 10_000, drainMs: 3_000 }

async function startPulse(excuse = async () => {}) {
  const sql = await openEmbedded(inMemory())
  const journal = createJournal(schedulerSchema.schema)
  await migrate(sql, schedulerSchema)
  const clock = createManualClock(1_800_000_000_000)
  const bus = { status: () => 'up' as const }
  const pulse = createPulse({ sql, journal, bus, clock, ids: createIds(clock), settings, excuse })
  return { pulse, clock, close: () => sql.close() }
}

test('while facts that could not be applied wait to come again, time is not sure; another may have heard them', async () => {
  const { pulse, clock, close } = await startPulse()
  await pulse.beat()
  for (let beats = 0; beats < 4; beats += 1) {
    await clock.advance(1_000)
    await pulse.beat()
  }
  expect(pulse.isHolding()).toBe(false)

  const event = { id: 'evt_1', time: clock.now() }
  pulse.missed([event])
  expect(pulse.isHolding()).toBe(true)
  pulse.heard([event])
  expect(pulse.isHolding()).toBe(false)
  pulse.missed([event])
  const beatsUntil = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5_000) {
      await clock.advance(5_000)
      await pulse.beat()
    }
  }
  await beatsUntil(60_000)
  expect(pulse.isHolding()).toBe(true)
  await beatsUntil(20_000)
  expect(pulse.isHolding()).toBe(false)
  await close()
})

test('who has a fact to apply waits for the excuse that is under way', async () => {
  let finish = () => {}
  const excused = new Promise<void>((resolve) => (finish = resolve))
  const { pulse, clock, close } = await startPulse(() => excused)
  await pulse.beat()
  await clock.advance(60_000)
  const first = pulse.beat()
  let second = 'waits'
  const other = pulse.beat().then(() => (second = 'went on'))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(second).toBe('waits')
  finish()
  await Promise.all([first, other])
  expect(second).toBe('went on')
  await close()
})
