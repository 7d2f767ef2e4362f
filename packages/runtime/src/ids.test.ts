import { expect, test } from 'vitest'
import { createIds, randomToken } from './ids.ts'
import { createManualClock } from './manual-clock.ts'

test('ids carry their prefix, and ids of one millisecond stay in order', () => {
  const ids = createIds(createManualClock(1_763_650_000_000))
  expect(ids.campaign()).toMatch(/^cmp_[0-9A-HJKMNP-TV-Z]{26}$/)
  expect(ids.artifact()).toMatch(/^art_/)
  expect(ids.upgrade()).toMatch(/^upg_/)
  expect(ids.observation()).toMatch(/^obs_/)
  const made = Array.from({ length: 1_000 }, () => ids.event())
  expect(made.toSorted()).toEqual(made)
  expect(new Set(made).size).toBe(made.length)
})

test('an attempt id fits the 32 characters of a CommandKey (TR-069 A.3.2.8)', () => {
  expect(createIds().attempt()).toMatch(/^fw[0-9A-HJKMNP-TV-Z]{26}$/)
})

test('tokens are base64url of so many bytes', () => {
  expect(Buffer.from(randomToken(32), 'base64url')).toHaveLength(32)
  expect(randomToken(32)).not.toBe(randomToken(32))
})

test('tokens of any length are of that length, and none comes twice', () => {
  const lengths = [1, 12, 16, 4_096, 5_000]
  for (const bytes of lengths) expect(Buffer.from(randomToken(bytes), 'base64url')).toHaveLength(bytes)
  const tokens = Array.from({ length: 5_000 }, (_, index) => randomToken(index % 2 === 0 ? 12 : 16))
  expect(new Set(tokens).size).toBe(5_000)
  // Bytes that were cleared behind a token must not come out as the next one.
  expect(tokens.filter((token) => /AAAAAA/.test(token))).toEqual([])
})

test('what is random of an id has every character in every place', () => {
  const ids = createIds()
  const seen = Array.from({ length: 16 }, () => new Set<string>())
  // Each in a millisecond of its own: within one they count up.
  for (let ms = 0; ms < 2_000; ms += 1) {
    const id = createIds(createManualClock(1_763_650_000_000 + ms)).event()
    for (const [place, kinds] of seen.entries()) kinds.add(id[id.length - 1 - place]!)
  }
  expect(seen.map((kinds) => kinds.size)).toEqual(seen.map(() => 32))
  expect(ids.event()).not.toBe(createIds().event())
})
