import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mintUpload, readUpload } from './upload-grant.ts'

const KEY = Buffer.alloc(32, 1)
const OTHER = Buffer.alloc(32, 2)
const NOW = 1_800_000_000
const right = { uploadId: 'tsk_01ARZ3NDEKTSV4RRFFQ69G5FAV', expiresAt: NOW + 60 }

function partsOf(path: string): { uploadId: string; token: string } {
  const [, uploadId = '', token = ''] = path.split('/')
  return { uploadId, token }
}

test('what was minted is granted until its second of expiry, with the password it was minted with', () => {
  const minted = mintUpload(right, KEY)
  const { uploadId, token } = partsOf(minted.path)
  expect(readUpload(uploadId, token, [OTHER, KEY], NOW + 59)).toEqual({
    kind: 'granted',
    right,
    password: minted.password,
  })
  expect(readUpload(uploadId, token, [KEY], NOW + 60)).toEqual({ kind: 'refused', code: 'expired' })
})

test('a grant is of one upload and one key', () => {
  const { uploadId, token } = partsOf(mintUpload(right, KEY).path)
  expect(readUpload('bk01ARZ3NDEKTSV4RRFFQ69G5FAV', token, [KEY], NOW)).toEqual({ kind: 'refused', code: 'forged' })
  expect(readUpload(uploadId, token, [OTHER], NOW)).toEqual({ kind: 'refused', code: 'forged' })
})

test('no changed character is ever granted', () => {
  const { uploadId, token } = partsOf(mintUpload(right, KEY).path)
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom(...'ABCDEFGHabcdefgh0123-_'.split('')), (at, character) => {
      fc.pre(token[at] !== character)
      const changed = token.slice(0, at) + character + token.slice(at + 1)
      expect(readUpload(uploadId, changed, [KEY], NOW).kind).toBe('refused')
    }),
  )
})

test('a key too short and an id that is none are mistakes of the caller', () => {
  expect(() => mintUpload(right, Buffer.alloc(31))).toThrow(RangeError)
  expect(() => mintUpload({ ...right, uploadId: '../etc' }, KEY)).toThrow(RangeError)
})
