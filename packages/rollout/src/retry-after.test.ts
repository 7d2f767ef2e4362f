import { describe, expect, test } from 'vitest'

import type { FactBody } from './facts.ts'
import type { FailedTry, RetryAnswer } from './retry-after.ts'
import { mostTries, retryAfter } from './retry-after.ts'
import {
  answered,
  claimed,
  completed,
  fileServerRefused,
  first,
  firstByte,
  lastByte,
  oldVersion,
  outcomeOf,
  policy,
  refused,
  second,
  tellStory,
} from './tell-story.ts'
import type { Try } from './upgrade.ts'

const at = 1_000_000
const { backoffMs, nextDayMs } = policy.retries

const nights = { ...policy, windows: [{ zone: 'UTC', from: '02:00', to: '04:00' }] }

function fail(faultCode: number, more: Partial<FailedTry> = {}, history: Try[] = [], rules = policy): RetryAnswer {
  return retryAfter(
    {
      attemptId: first,
      at,
      faultCode,
      where: 'transfer',
      refusedByUs: null,
      servedWhole: false,
      wasExcused: false,
      scheduledUntil: null,
      zone: null,
      ...more,
    },
    history,
    rules,
  )
}

/** The same fault again and again: how many more tries are allowed. */
function retriesOf(faultCode: number, more: Partial<FailedTry> = {}): number {
  const history: Try[] = []
  for (let count = 0; count < 100; count += 1) {
    const answer = fail(faultCode, more, history)
    if (answer.kind === 'give_up') return count
    history.push({ attemptId: first, at, faultCode, charged: answer.charged, reason: answer.rule })
  }
  return Infinity
}

describe('the retry table, row by row', () => {
  test('9002 and 9003 in the answer: at once, once, with the other argument set; three devices that refuse both block the model', () => {
    for (const code of [9002, 9003]) {
      expect(fail(code, { where: 'answer' })).toMatchObject({ kind: 'retry', at, with: 'other_arguments' })
      expect(retriesOf(code, { where: 'answer' })).toBe(1)
      expect(fail(code, { where: 'answer' }).effects).toEqual([])
      const other = { attemptId: first, at, faultCode: code, charged: true, reason: 'arguments_refused' }
      expect(fail(code, { where: 'answer' }, [other])).toMatchObject({
        kind: 'give_up',
        effects: [{ kind: 'block_model', reason: 'download_arguments_refused', afterDevices: 3 }],
      })
    }
  })

  test('9000 and 9013: none, and the model is blocked once three devices say so', () => {
    for (const code of [9000, 9013]) {
      expect(fail(code).kind).toBe('give_up')
      expect(fail(code).effects).toEqual([{ kind: 'block_model', reason: 'download_not_supported', afterDevices: 3 }])
    }
  })

  test('rule 9; request 2, 18, 22: 9015 and 9017: with backoff and jitter', () => {
    for (const code of [9015, 9017]) {
      const answer = fail(code)
      if (answer.kind !== 'retry') throw new Error('a retry is expected')
      expect(Math.abs(answer.at - at - backoffMs)).toBeLessThanOrEqual(backoffMs / 4)
      expect(retriesOf(code)).toBe(policy.retries.maxAttempts - 1)
    }
  })

  test('request 17: 9015 and 9017 are not charged while our file service sheds or was down', () => {
    for (const code of [9015, 9017]) {
      expect(fail(code, { refusedByUs: 'shedding' })).toMatchObject({ kind: 'retry', charged: false })
      expect(fail(code, { wasExcused: true })).toMatchObject({ kind: 'retry', charged: false })
      expect(retriesOf(code, { refusedByUs: 'shedding' })).toBe(mostTries - 1)
    }
    expect(fail(9018, { wasExcused: true })).toMatchObject({ kind: 'give_up', charged: true })
  })

  test('a fault after the whole image was served is the image’s, whatever we refused before', () => {
    for (const code of [9018, 9019, 9001]) {
      const heard = fail(code, { refusedByUs: 'shedding', servedWhole: true })
      expect(heard).toEqual(fail(code, { servedWhole: true }))
      expect(heard.charged).toBe(true)
    }
    expect(fail(9018, { refusedByUs: 'shedding' })).toMatchObject({ kind: 'retry', charged: false, effects: [] })
    expect(fail(9017, { refusedByUs: 'shedding', servedWhole: true })).toMatchObject({ charged: false })
    expect(fail(9012, { refusedByUs: 'expired', servedWhole: true })).toMatchObject({ charged: false })
  })

  test('an answer to the Download is never our file server’s fault', () => {
    expect(fail(9000, { where: 'answer', refusedByUs: 'stopped' })).toEqual(fail(9000, { where: 'answer' }))
  })

  test('9016: a 4xx of our own file server is our fault, an alarm; else as 9017', () => {
    for (const reason of ['unauthorized', 'expired'] as const)
      expect(fail(9016, { refusedByUs: reason })).toMatchObject({
        kind: 'retry',
        charged: false,
        effects: [{ kind: 'alarm', code: 'own_file_server_refused' }],
      })
    expect(fail(9016)).toMatchObject({ kind: 'retry', charged: true, effects: [] })
  })

  test('9012: a new credential, one retry, an alarm above 1 % of the wave', () => {
    expect(fail(9012)).toMatchObject({ with: 'new_credential', effects: [{ kind: 'alarm', aboveShareOfWave: 0.01 }] })
    expect(retriesOf(9012)).toBe(1)
  })

  test('9004: later, when its queue has drained', () => {
    expect(fail(9004)).toMatchObject({ kind: 'retry', rule: 'queue_full' })
  })

  test('rule 9; request 22: 9010 and 9002 in TransferComplete: two retries', () => {
    expect(retriesOf(9010)).toBe(2)
    expect(retriesOf(9002)).toBe(2)
  })

  test('9020: the next window, not charged', () => {
    const answer = fail(9020, {}, [], nights)
    expect(answer).toMatchObject({ kind: 'retry', at: 2 * 3_600_000, charged: false })
    expect(retriesOf(9020)).toBe(mostTries - 1)
  })

  test('request 5: 9020: the next window of the subscriber’s own zone', () => {
    // The afternoon of New Year's Eve in Los Angeles, the morning of New Year's Day in Tokyo.
    const early = Date.parse('2026-01-01T00:10:00Z')
    const next = (zone: string) => fail(9020, { at: early, zone }, [], nights)
    expect(next('America/Los_Angeles')).toMatchObject({ at: Date.parse('2026-01-01T10:00:00Z') })
    expect(next('Asia/Tokyo')).toMatchObject({ at: Date.parse('2026-01-01T17:00:00Z') })
    const inTokyo = claimed(first, null, oldVersion, { zone: 'Asia/Tokyo' })
    const story = tellStory(nights).tell(100, inTokyo, answered(), completed(9020))
    expect(story.upgrade).toMatchObject({ state: 'retry', retryAt: 17 * 3_600_000 })
  })

  test('9018 and 9019: none, and a handful of devices stops the wave', () => {
    for (const code of [9018, 9019]) {
      expect(fail(code).kind).toBe('give_up')
      expect(fail(code).effects).toEqual([{ kind: 'suspect_image', faultCode: code, afterDevices: 5 }])
    }
  })

  test('bad input 35: 9001, unknown codes and vendor codes: one retry next day', () => {
    for (const code of [9001, 9799, 9800, 9899, 8000, 1]) {
      expect(fail(code)).toMatchObject({ kind: 'retry', at: at + nextDayMs })
      expect(retriesOf(code)).toBe(1)
    }
  })

  test('rule 9; request 2: no more charged attempts than maxAttempts, whatever the mix of faults', () => {
    const charged = (reason: string): Try => ({ attemptId: second, at, faultCode: 1, charged: true, reason })
    expect(fail(9017, {}, [charged('a'), charged('b')]).kind).toBe('give_up')
    expect(fail(9017, {}, [charged('a')]).kind).toBe('retry')
  })

  test('request 2, 18: backoff doubles, up to a day', () => {
    const waitAfter = (tries: number) => {
      const history = Array.from({ length: tries }, (): Try => ({
        attemptId: second,
        at,
        faultCode: 9015,
        charged: false,
        reason: 'server_unreachable',
      }))
      const answer = fail(9015, {}, history)
      return answer.kind === 'retry' ? answer.at - at : 0
    }
    expect(waitAfter(1) / waitAfter(0)).toBeCloseTo(2, 3)
    expect(waitAfter(19)).toBeLessThanOrEqual(nextDayMs * 1.25)
  })
})

describe('the machine retries by the table', () => {
  test('a retry is hinted, and offers again with a new key', () => {
    const story = tellStory().tell(0, claimed()).tell(1, answered()).tell(9, completed(9010))
    expect(story.upgrade.state).toBe('retry')
    expect(story.effects.find(({ kind }) => kind === 'place_hint')).toMatchObject({ notBefore: expect.any(Number) })
    story.tell(5000, claimed(second))
    expect(story.upgrade).toMatchObject({ state: 'offered', attempts: 2 })
  })

  test('the other arguments are used once', () => {
    const story = tellStory().tell(0, claimed()).tell(1, refused(9003))
    expect(story.upgrade).toMatchObject({ state: 'retry', downloadArguments: 'other' })
    const refusedTwice = tellStory()
      .tell(0, claimed())
      .tell(1, refused(9003))
      .tell(2, claimed(second))
      .tell(3, refused(9003, second))
    expect(outcomeOf(refusedTwice)).toMatchObject({
      kind: 'failed',
      reason: 'download_refused_by_device',
      faultCode: 9003,
    })
  })

  test('an image refused after our 503 and a whole download settles, charged, and is suspect', () => {
    const story = tellStory()
      .tell(0, claimed())
      .tell(1, answered())
      .tell(5, fileServerRefused('shedding'))
      .tell(10, firstByte())
      .tell(90, lastByte())
      .tell(100, completed(9018))
    expect(outcomeOf(story)).toMatchObject({ kind: 'failed', reason: 'image_rejected', faultCode: 9018 })
    expect(story.upgrade.tries).toMatchObject([{ charged: true }])
    expect(story.effects).toContainEqual({ kind: 'suspect_image', faultCode: 9018, afterDevices: 5 })
  })

  test('which of our 503, the whole image and the fault is heard first does not matter', () => {
    const tell = (...facts: FactBody[]) =>
      tellStory()
        .tell(0, claimed())
        .tell(1, answered())
        .tell(9, ...facts)
    const [refusal, whole, fault] = [fileServerRefused('shedding'), lastByte(), completed(9018)]
    for (const story of [tell(refusal, whole, fault), tell(refusal, fault, whole), tell(whole, fault, refusal)]) {
      expect(outcomeOf(story)).toMatchObject({ kind: 'failed', reason: 'image_rejected', faultCode: 9018 })
      expect(story.effects.filter(({ kind }) => kind === 'suspect_image')).toHaveLength(1)
    }
    const [early, late] = [tell(refusal, completed(9017)), tell(completed(9017), refusal)]
    expect(late.upgrade).toEqual({ ...early.upgrade, version: late.upgrade.version })
    expect(late.upgrade.tries).toMatchObject([{ charged: false }])
  })

  test('tries that are not charged end too', () => {
    const story = tellStory()
    for (let index = 1; index <= 2 * mostTries; index += 1) {
      const key = `fw${String(index).padStart(26, '0')}`
      story.tell(index * 100_000, claimed(key), answered(1, key), completed(9020, key))
    }
    expect(story.upgrade).toMatchObject({ state: 'settled', attempts: mostTries })
  })

  test('request 17: our own 503 never uses up a device’s tries', () => {
    const story = tellStory()
    for (let index = 1; index <= 6; index += 1) {
      const key = `fw${String(index).padStart(26, '0')}`
      story.tell(
        index * 100_000,
        claimed(key),
        answered(1, key),
        { ...fileServerRefused('shedding'), attemptId: key } as never,
        completed(9017, key),
      )
      expect(story.upgrade.state).toBe('retry')
    }
  })
})
