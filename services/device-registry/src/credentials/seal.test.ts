import { expect, test } from 'vitest'
import { createSeal } from './seal.ts'

const key = 'a1'.repeat(32)

test('a sealed password opens for its own device', () => {
  const seal = createSeal(key)
  expect(seal.open('dev_a', seal.close('dev_a', 'pässword'))).toBe('pässword')
})

test('a sealed password moved to another device does not open', () => {
  const seal = createSeal(key)
  expect(() => seal.open('dev_b', seal.close('dev_a', 'secret'))).toThrow()
})

test('another key does not open it', () => {
  expect(() => createSeal('b2'.repeat(32)).open('dev_a', createSeal(key).close('dev_a', 'secret'))).toThrow()
})

test('the same password is sealed differently each time', () => {
  const seal = createSeal(key)
  expect(seal.close('dev_a', 'secret')).not.toEqual(seal.close('dev_a', 'secret'))
})
