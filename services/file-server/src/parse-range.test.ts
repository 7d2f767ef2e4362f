import { expect, it } from 'vitest'
import { parseRange } from './parse-range.ts'

const part = (first: number, last: number) => ({ kind: 'part', first, last })

it.each([
  ['bytes=0-0', part(0, 0)],
  ['bytes=10-19', part(10, 19)],
  ['bytes=10-', part(10, 99)],
  ['bytes=90-1000', part(90, 99)],
  ['bytes=-1', part(99, 99)],
  ['bytes=-30', part(70, 99)],
  ['bytes=-1000', part(0, 99)],
  ['BYTES=5-6', part(5, 6)],
  ['bytes=, 5-6 ,,', part(5, 6)],
  ['bytes=5-99999999999999999999', part(5, 99)],
  ['bytes=-99999999999999999999', part(0, 99)],
])('serves %s as one part', (header, asked) => expect(parseRange(header, 100)).toEqual(asked))

it.each(['bytes=100-', 'bytes=100-200', 'bytes=-0', 'bytes=99999999999999999999-'])('has nothing for %s', (header) => {
  expect(parseRange(header, 100)).toEqual({ kind: 'unsatisfiable' })
})

it.each([
  undefined,
  '',
  'bytes=-',
  'bytes=9-3',
  'bytes=0-1,5-6',
  'lines=1-2',
  'bytes=a-b',
  'bytes = 0-1',
  'bytes=1 -2',
  'bytes=,',
  'bytes 0-1',
])('answers %j with the whole', (header) => expect(parseRange(header, 100)).toEqual({ kind: 'whole' }))
