import { SqlError } from '@sluice/sql'
import { expect, test } from 'vitest'
import { BusError } from './bus-error.ts'
import { isPartAway } from './part-away.ts'

test('a failure tells whether a part is away, itself or by its cause', () => {
  for (const code of ['unavailable', 'deadline', 'conflict', 'outcome_unknown'] as const) {
    expect(isPartAway(new SqlError(code, 'x'))).toBe(true)
  }
  expect(isPartAway(new Error('in vain', { cause: new BusError('unavailable', 'x') }))).toBe(true)
  expect(isPartAway(new SqlError('invalid', 'x'))).toBe(false)
  expect(isPartAway(new Error('x'))).toBe(false)
  expect(isPartAway('unavailable')).toBe(false)
})

test('a chain of causes without an end is read to a bound', () => {
  const endless = new Error('x')
  endless.cause = endless
  expect(isPartAway(endless)).toBe(false)
})
