import fc from 'fast-check'
import { expect, it } from 'vitest'
import { holdImage } from './whole-image.ts'

it('holds an image once, however many need it, and however their pieces are cut', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 8 }), { minLength: 1, maxLength: 4 }),
      fc.nat(300),
      (bytes, cutsOfEach, expectedBytes) => {
        const whole = holdImage({ expectedBytes })
        for (const cuts of cutsOfEach) {
          let at = 0
          for (const cut of [...cuts, bytes.length]) {
            whole.keep(at, bytes.slice(at, at + cut))
            at = Math.min(at + cut, bytes.length)
          }
        }
        expect(whole.upTo(bytes.length)).toEqual(Buffer.from(bytes))
        expect(whole.upTo(bytes.length >> 1)).toEqual(Buffer.from(bytes.subarray(0, bytes.length >> 1)))
      },
    ),
  )
})

it('keeps its own copy: a reader may fill one buffer again and again', () => {
  const whole = holdImage()
  const piece = Buffer.from('first')
  whole.keep(0, piece)
  piece.fill('x')
  expect(whole.upTo(5)).toEqual(Buffer.from('first'))
})

it('holds nothing of what is larger than may be held', () => {
  const whole = holdImage({ maxBytes: 8 })
  whole.keep(0, Buffer.alloc(8))
  expect(whole.upTo(8)).toHaveLength(8)
  whole.keep(8, Buffer.alloc(1))
  expect(whole.upTo(8)).toBeNull()
  expect(whole.upTo(9)).toBeNull()
})

it('makes no room for an image that is too large from the outset', () => {
  const whole = holdImage({ expectedBytes: 9, maxBytes: 8 })
  whole.keep(0, Buffer.alloc(4))
  expect(whole.upTo(4)).toBeNull()
})

it('refuses pieces after a gap', () => {
  expect(() => holdImage().keep(1, Buffer.alloc(1))).toThrow(RangeError)
})
