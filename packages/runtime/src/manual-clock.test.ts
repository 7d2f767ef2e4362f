import { expect, test } from 'vitest'
import { createManualClock } from './manual-clock.ts'

test('due timers run in order of time, each at its own time', async () => {
  const clock = createManualClock(1_000)
  const ran: [string, number][] = []
  clock.after(30, () => ran.push(['late', clock.now()]))
  clock.after(10, () => ran.push(['early', clock.now()]))
  clock.after(10, () => ran.push(['second', clock.now()]))
  clock.after(500, () => ran.push(['never', clock.now()]))
  await clock.advance(100)
  expect(ran).toEqual([
    ['early', 1_010],
    ['second', 1_010],
    ['late', 1_030],
  ])
  expect(clock.now()).toBe(1_100)
  expect(clock.pending()).toBe(1)
})

test('what a timer or a sleeper arms falls due in the same advance', async () => {
  const clock = createManualClock(0)
  const ran: number[] = []
  const work = async () => {
    for (let round = 0; round < 3; round++) {
      await clock.sleep(10)
      ran.push(clock.now())
    }
  }
  const working = work()
  await clock.advance(30)
  await working
  expect(ran).toEqual([10, 20, 30])
})

test('an interval runs until it is cancelled, even by itself', async () => {
  const clock = createManualClock(0)
  let runs = 0
  const cancel = clock.every(10, () => {
    runs += 1
    if (runs === 3) cancel()
  })
  await clock.advance(100)
  expect(runs).toBe(3)
  expect(clock.pending()).toBe(0)
})
