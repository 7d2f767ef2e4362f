import { expect, test } from 'vitest'
import { createByteBudget } from './byte-budget.ts'

test('bytes are given out in the order of asking, and never more than there are', async () => {
  const budget = createByteBudget(10)
  const order: string[] = []
  const take = (name: string, bytes: number) => budget.take(bytes).then(() => order.push(name))
  await take('a', 6)
  const rest = [take('b', 6), take('c', 4)]
  await Promise.resolve()
  expect(order).toEqual(['a'])
  budget.give(6)
  await Promise.all(rest)
  expect(order).toEqual(['a', 'b', 'c'])
  const last = take('d', 1)
  await Promise.resolve()
  expect(order).toHaveLength(3)
  budget.give(4)
  await last
})
