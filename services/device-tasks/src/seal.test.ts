import { expect, test } from 'vitest'
import { createSeal } from './seal.ts'

const seal = createSeal('a1'.repeat(32))

test('what was sealed opens for its owner alone', () => {
  const sealed = seal.close('tsk_a call', { password: 'pässword' })
  expect(seal.open('tsk_a call', sealed)).toEqual({ password: 'pässword' })
  expect(() => seal.open('tsk_b call', sealed)).toThrow()
  expect(() => seal.open('tsk_a result', sealed)).toThrow()
})

test('another key does not open it, and the same value is sealed differently each time', () => {
  const sealed = seal.close('tsk_a call', 1)
  expect(() => createSeal('b2'.repeat(32)).open('tsk_a call', sealed)).toThrow()
  expect(seal.close('tsk_a call', 1)).not.toEqual(sealed)
})

test('a bit that was changed is noticed', () => {
  const sealed = seal.close('tsk_a call', 'secret')
  sealed[sealed.length - 1]! ^= 1
  expect(() => seal.open('tsk_a call', sealed)).toThrow()
})
