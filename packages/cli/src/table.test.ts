import { expect, test } from 'vitest'
import { printable, tableOf } from './table.ts'

test('columns are as wide as their widest cell', () => {
  expect(
    tableOf(
      ['A', 'LONG'],
      [
        ['wide cell', 1],
        ['x', null],
      ],
    ),
  ).toEqual(['A          LONG', 'wide cell  1', 'x          -'])
})

test('what a device calls itself cannot move the cursor', () => {
  expect(printable('SN\u001b[2J\n\u009b1m')).toBe('SN\\x1b[2J\\x0a\\x9b1m')
  expect(tableOf(['NAME'], [['\u001b]0;title\u0007']])[1]).not.toMatch(/\p{Cc}/u)
})
