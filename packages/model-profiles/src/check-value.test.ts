import { expect, test } from 'vitest'
import { checkValue, type ModelCheck } from './index.ts'

const check = (must: ModelCheck['must']): ModelCheck => ({ name: 'a', path: 'Device.A', must })

test.each<[ModelCheck['must'], string | undefined, string]>([
  [{ equal: 'Up' }, 'Up', 'passed'],
  [{ equal: 'Up' }, 'up', 'failed'],
  [{ beOneOf: ['Up', 'Dormant'] }, 'Dormant', 'passed'],
  [{ beOneOf: ['Up', 'Dormant'] }, 'Down', 'failed'],
  [{ differFrom: 'Error' }, 'Registered', 'passed'],
  [{ differFrom: 'Error' }, 'Error', 'failed'],
  [{ beAtLeast: 3 }, '3', 'passed'],
  [{ beAtLeast: -70 }, '-71.5', 'failed'],
  [{ beAtLeast: 3 }, '2', 'failed'],
  [{ beAtLeast: 3 }, 'three', 'unknown'],
  [{ beAtLeast: 0 }, ' ', 'unknown'],
  [{ equal: 'Up' }, '', 'unknown'],
  [{ differFrom: 'Error' }, '', 'unknown'],
  [{ equal: 'Up' }, undefined, 'unknown'],
])('what must %j and reads %j is %s', (must, value, verdict) => {
  expect(checkValue(check(must), value)).toBe(verdict)
})
