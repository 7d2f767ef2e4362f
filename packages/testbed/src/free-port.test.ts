import { expect, test } from 'vitest'
import { freePort } from './free-port.ts'

test('nobody is given a port that another one was given a moment ago', async () => {
  const given = await Promise.all(Array.from({ length: 400 }, freePort))
  expect(new Set(given).size).toBe(400)
})
