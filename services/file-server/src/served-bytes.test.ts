import { expect, it } from 'vitest'
import { createServedBytes } from './served-bytes.ts'

it('counts each byte once, in whatever order and however often it was served', () => {
  const served = createServedBytes()
  served.add(50, 60)
  served.add(0, 10)
  expect(served.total()).toBe(20)
  served.add(5, 55)
  served.add(5, 55)
  expect(served.total()).toBe(60)
  served.add(60, 100)
  expect(served.total()).toBe(100)
})

it('adds nothing for an empty piece', () => {
  const served = createServedBytes()
  served.add(5, 5)
  served.add(6, 5)
  expect(served.total()).toBe(0)
})

it('stays small under thousands of scattered pieces, and never claims more than was served', () => {
  const served = createServedBytes()
  for (let at = 0; at < 5_000; at++) served.add(at * 10, at * 10 + 1)
  expect(served.total()).toBe(1_024)
})
