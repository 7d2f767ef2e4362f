import { expect, test } from 'vitest'
import { describeMessage } from './describe-message.ts'

test('a fault code that is none is told as 9001, and never breaks who stores it', () => {
  const codeOf = (code: number) => describeMessage({ kind: 'fault', code, text: '', parameterFaults: [] }).faultCode
  expect([9_005, 99_999, 100_000, 2_147_483_648, 4_294_967_295].map(codeOf)).toEqual([
    9_005, 99_999, 9_001, 9_001, 9_001,
  ])
})
