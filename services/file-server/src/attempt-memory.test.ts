import { expect, it } from 'vitest'
import { createAttemptMemories } from './attempt-memory.ts'

it('remembers the attempts seen last, and no more of them than it has room for', () => {
  const attempts = createAttemptMemories(2)
  for (const attemptId of ['a', 'b']) attempts.of(attemptId).firstByteTold = true
  for (const attemptId of ['a', 'c']) attempts.of(attemptId)
  expect(['a', 'b'].map((attemptId) => attempts.of(attemptId).firstByteTold)).toEqual([true, false])
})
