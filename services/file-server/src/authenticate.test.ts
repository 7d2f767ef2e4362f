import { answerChallenge } from '@sluice/http-auth'
import { createIds, createManualClock } from '@sluice/runtime'
import { expect, it } from 'vitest'
import { createAuthenticator } from './authenticate.ts'

const asked = { method: 'GET', attemptId: createIds().attempt(), password: 'a password of this attempt' }
const NONCE_MAX_AGE_MS = 15 * 60_000

function challenged() {
  const clock = createManualClock(1_000_000)
  const { check } = createAuthenticator(clock, Buffer.alloc(32, 7), true)
  const challenge = check({ ...asked, authorization: undefined })
  if (challenge.kind !== 'challenge') throw new Error(challenge.kind)
  const { method, attemptId: username, password } = asked
  const client = { method, uri: '/f/token', username, password, cnonce: 'c0ffee', nc: 1 }
  const answer = answerChallenge({ challenges: challenge.header, ...client })
  if (answer.kind !== 'answer') throw new Error(answer.kind)
  return { clock, answer: answer.authorization, check: (authorization: string) => check({ ...asked, authorization }) }
}

it('an answer to a nonce that has grown old is asked for again, and is no wrong one', async () => {
  const { clock, answer, check } = challenged()
  await clock.advance(NONCE_MAX_AGE_MS)
  expect(check(answer)).toEqual({ kind: 'passed' })
  await clock.advance(1)
  expect(check(answer)).toMatchObject({ kind: 'challenge', header: expect.stringContaining('stale=true') as string })
})

it('an answer in the name of somebody else, or for another realm, is wrong with the right password as well', () => {
  const { answer, check } = challenged()
  expect(check(answer.replace(asked.attemptId, createIds().attempt()))).toMatchObject({ kind: 'wrong' })
  expect(check(answer.replace('sluice-files', 'elsewhere'))).toMatchObject({ kind: 'wrong' })
})
