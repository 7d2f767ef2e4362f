import { expect, test } from 'vitest'
import { eventLabel, faultLabel, rpcLabel } from './observability.ts'

test.each(['0 BOOTSTRAP', '13 WAKEUP', 'M Download', 'M ChangeDUState'])('%s is counted by its name', (code) => {
  expect(eventLabel(code)).toBe(code)
})

test.each(['14 BOOT', '1 BOOTH', '99 A', 'M Abc', 'M X_012345_Mine', '1 boot', '', '1 BOOT\n', 'constructor'])(
  'an event %j of a CPE’s own makes no label of its own',
  (code) => {
    expect(eventLabel(code)).toBe('other')
  },
)

test.each(['Inform', 'GetParameterValuesResponse', 'AutonomousDUStateChangeComplete', 'Fault', 'empty'])(
  'the RPC %s is counted by its name',
  (rpc) => {
    expect(rpcLabel(rpc)).toBe(rpc)
  },
)

test.each(['X_012345_Beep', 'constructor', '', 'inform'])(
  'an RPC %j of a CPE’s own makes no label of its own',
  (rpc) => {
    expect(rpcLabel(rpc)).toBe('other')
  },
)

test.each([
  [9005, '9005'],
  [8005, '8005'],
  [9805, 'vendor'],
  [123_456, 'vendor'],
])('fault %i is counted as %s', (code, label) => {
  expect(faultLabel(code)).toBe(label)
})
