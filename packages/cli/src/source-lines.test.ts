import { expect, it } from 'vitest'
import { sourceLines, troubleOf } from './source-lines.ts'

const AT = '2026-01-31T12:00:00.000Z'
const plain = { import: null, origin: null, verdict: null }

it('tells how an import goes, and why it does not', () => {
  const busy = { state: 'waiting' as const, attempts: 2, detail: 'vendor.example answered 503', dueAt: AT }
  expect(sourceLines({ ...plain, import: busy })).toEqual([
    `waits to be fetched, 2 tries, again by ${AT}: vendor.example answered 503`,
  ])
  expect(sourceLines({ ...plain, import: { state: 'given_up', attempts: 5, detail: 'bro\u001Bken' } })).toEqual([
    'import given up, 5 tries: bro\\x1bken',
  ])
  expect(sourceLines({ ...plain, import: { state: 'fetched', attempts: 1 } })).toEqual(['fetched, 1 try'])
  expect(sourceLines(plain)).toEqual([])
  expect(troubleOf({ ...plain, import: busy })).toBe('import: vendor.example answered 503')
  expect(troubleOf({ ...plain, import: { ...busy, detail: null } })).toBeNull()
})

it('tells what is known of the copy at the origin', () => {
  const held = { state: 'held' as const, checkedAt: AT, failures: 4, detail: 'vendor.example answered 404' }
  expect(sourceLines({ ...plain, origin: held })).toEqual([
    `its origin failed 4 times in a row, and no device is sent there: vendor.example answered 404; its copy was last compared at ${AT}`,
  ])
  expect(sourceLines({ ...plain, origin: { state: 'as_verified', checkedAt: AT } })).toEqual([
    `its copy was last compared at ${AT}: as verified`,
  ])
  expect(sourceLines({ ...plain, origin: { state: 'unchecked', checkedAt: null } })).toEqual([
    'its copy was not compared yet',
  ])
  expect(troubleOf({ ...plain, origin: held })).toBe('origin held: vendor.example answered 404')
  expect(troubleOf({ ...plain, origin: { state: 'as_verified', checkedAt: AT } })).toBeNull()
})

it('names the first reason of a rejection in a list', () => {
  const verdict = { trusted: false, reasons: [{ code: 'source_failed', detail: 'x' }], checks: [], at: AT }
  expect(troubleOf({ ...plain, verdict })).toBe('source_failed')
})
