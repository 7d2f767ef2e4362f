import { expect, test } from 'vitest'
import { createDrain } from './drain.ts'
import { createLog } from './log.ts'
import { createManualClock } from './manual-clock.ts'

const log = createLog({ service: 'test', level: 'silent' })

test('parts close in the opposite order of their start, and a failing one stops nobody', async () => {
  const closed: string[] = []
  const drain = createDrain(log, createManualClock(0))
  drain.add('sql', async () => void closed.push('sql'))
  drain.add('bus', () => Promise.reject(new Error('no')))
  drain.add('server', async () => void closed.push('server'))
  expect(drain.isDraining()).toBe(false)
  await Promise.all([drain.run(100), drain.run(100)])
  expect(drain.isDraining()).toBe(true)
  expect(closed).toEqual(['server', 'sql'])
})

test('a part that hangs is left behind at the deadline', async () => {
  const clock = createManualClock(0)
  const closed: string[] = []
  const drain = createDrain(log, clock)
  drain.add('sql', async () => void closed.push('sql'))
  drain.add('stuck', () => new Promise(() => {}))
  const running = drain.run(100)
  await clock.advance(100)
  await running
  expect(closed).toEqual(['sql'])
})
