import { type Reply, answered } from '@sluice/contracts'
import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

/** Work that ends when it is told to. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<Reply<string>>()
  let began = false
  const work = () => {
    began = true
    return promise
  }
  return { work, resolve: () => resolve(answered('done')), reject, hasBegun: () => began }
}

test('so many are at work, so many more wait in their order, and who comes then is told to come again', async () => {
  const inTurn = createTurns('reports', { atOnce: 2, most: 4 })
  const all = [held(), held(), held(), held(), held()]
  const replies = all.map(({ work }) => inTurn(work))
  expect(await replies[4]).toMatchObject({ ok: false, error: { code: 'unavailable' } })
  const begun = () => all.map(({ hasBegun }) => hasBegun())
  expect(begun()).toEqual([true, true, false, false, false])
  all[1]!.resolve()
  await replies[1]
  await Promise.resolve()
  expect(begun()).toEqual([true, true, true, false, false])
  // A failure gives its place back as well.
  all[0]!.reject(new Error('no'))
  await expect(replies[0]).rejects.toThrow('no')
  await Promise.resolve()
  expect(begun()).toEqual([true, true, true, true, false])
  const last = held()
  const reply = inTurn(last.work)
  for (const one of [all[2]!, all[3]!, last]) one.resolve()
  expect(await Promise.all([replies[2], replies[3], reply])).toEqual([
    answered('done'),
    answered('done'),
    answered('done'),
  ])
})
