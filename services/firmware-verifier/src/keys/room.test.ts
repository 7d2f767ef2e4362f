import { expect, it } from 'vitest'
import { aKeyRow } from '../testing/a-key-row.ts'
import { whyNoRoom } from './room.ts'

const NOW = 1_000
const many = (count: number, rest: Parameters<typeof aKeyRow>[0] = {}) =>
  Array.from({ length: count }, () => aKeyRow(rest))

it('is for keys that may vouch, now or later: what is revoked or has expired takes no place', () => {
  const later = { valid_from: NOW + 1 }
  expect(whyNoRoom([...many(200), ...many(55, later)], aKeyRow(), NOW)).toBeNull()
  expect(whyNoRoom([...many(200), ...many(56, later)], aKeyRow(), NOW)).toMatch(/256 keys/)
  expect(whyNoRoom([...many(300, { revoked_at: 1 }), ...many(300, { valid_until: NOW })], aKeyRow(), NOW)).toBeNull()
})

it('is small for keys that wait for a second person, and theirs alone', () => {
  const waiting = { approval_needed: true }
  expect(whyNoRoom(many(15, waiting), aKeyRow(waiting), NOW)).toBeNull()
  expect(whyNoRoom(many(16, waiting), aKeyRow(waiting), NOW)).toMatch(/16 keys wait/)
  expect(whyNoRoom(many(16, { ...waiting, revoked_at: 1 }), aKeyRow(waiting), NOW)).toBeNull()
  expect(whyNoRoom(many(16, { ...waiting, approved_at: 1 }), aKeyRow(waiting), NOW)).toBeNull()
})
