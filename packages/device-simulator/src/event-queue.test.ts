import { expect, it } from 'vitest'
import { createEventQueue, type CpeEvent } from './event-queue.ts'

const codes = (queue: ReturnType<typeof createEventQueue>): string[] => queue.waiting().map(({ code }) => code)

it('holds a single event once and a method event each time it happens', () => {
  const queue = createEventQueue()
  for (const key of ['a', 'b']) {
    queue.add('7 TRANSFER COMPLETE')
    queue.add('M Download', key)
  }
  expect(codes(queue)).toEqual(['7 TRANSFER COMPLETE', 'M Download', 'M Download'])
})

it('gives up TRANSFER COMPLETE only when the last report was answered', () => {
  const queue = createEventQueue()
  const announce = (commandKey: string): CpeEvent[] => [
    { code: '7 TRANSFER COMPLETE', commandKey: '' },
    { code: 'M Download', commandKey },
  ]
  for (const { code, commandKey } of [...announce('a'), ...announce('b')]) queue.add(code, commandKey)
  queue.informed(queue.waiting(), queue.waiting())
  queue.answered(announce('a'), announce('b'))
  expect(queue.waiting()).toEqual(announce('b'))
  queue.answered(announce('b'), [])
  expect(codes(queue)).toEqual([])
})

it('drops on reboot what a reboot makes stale, and keeps the rest', () => {
  const queue = createEventQueue()
  for (const code of ['1 BOOT', '4 VALUE CHANGE', '2 PERIODIC', '7 TRANSFER COMPLETE', 'M Reboot']) queue.add(code)
  queue.rebooted()
  expect(codes(queue)).toEqual(['2 PERIODIC', '7 TRANSFER COMPLETE', 'M Reboot'])
})

it('does not repeat a connection request, and keeps an event that came while another was under way', () => {
  const queue = createEventQueue()
  queue.add('6 CONNECTION REQUEST')
  queue.add('2 PERIODIC')
  const sent = queue.waiting()
  queue.add('4 VALUE CHANGE')
  queue.failed(sent)
  expect(codes(queue)).toEqual(['2 PERIODIC', '4 VALUE CHANGE'])
  queue.informed(sent, [])
  expect(codes(queue)).toEqual(['4 VALUE CHANGE'])
})

it('forgets everything at a bootstrap', () => {
  const queue = createEventQueue()
  queue.add('7 TRANSFER COMPLETE')
  queue.bootstrap()
  expect(codes(queue)).toEqual(['0 BOOTSTRAP'])
})
