import { expect, test } from 'vitest'
import { eventLabel } from './observability.ts'

test.each(['0 BOOTSTRAP', '13 WAKEUP', 'M Download', 'M ChangeDUState'])('%s is counted by its name', (code) => {
  expect(eventLabel(code)).toBe(code)
})

test.each(['14 BOOT', '1 BOOTH', '99 A', 'M Abc', 'M X_012345_Mine', '1 boot', '', '1 BOOT\n', 'constructor'])(
  'an event %j of a CPE’s own makes no label of its own',
  (code) => {
    expect(eventLabel(code)).toBe('other')
  },
)
