import { expect, test } from 'vitest'
import { backupIdOf, backupStep, upgradeOfBackup } from './backup-step.ts'

const wished = { fileType: '1 Vendor Configuration File', required: false, waitMs: 1_000 }
const required = { ...wished, required: true }

test('without the rule nothing is asked', () => {
  expect(backupStep(undefined, undefined, 0)).toEqual({ kind: 'ready' })
})

test('it is asked once, and waited for', () => {
  expect(backupStep(wished, undefined, 5_000)).toEqual({ kind: 'ask' })
  expect(backupStep(wished, { askedAt: 5_000, receivedAt: null }, 5_999)).toEqual({ kind: 'wait', until: 6_000 })
})

test('one that was received is enough, however late', () => {
  expect(backupStep(required, { askedAt: 5_000, receivedAt: 90_000 }, 90_000)).toEqual({ kind: 'ready' })
})

test('when it does not come, a wish is given up and a condition asked for again', () => {
  const known = { askedAt: 5_000, receivedAt: null }
  expect(backupStep(wished, known, 6_000)).toEqual({ kind: 'ready' })
  expect(backupStep(required, known, 6_000)).toEqual({ kind: 'ask' })
})

test('its id is that of the upgrade, and leads back to it', () => {
  const upgradeId = 'upg_01ARZ3NDEKTSV4RRFFQ69G5FAV'
  expect(upgradeOfBackup(backupIdOf(upgradeId))).toBe(upgradeId)
  expect(upgradeOfBackup('tsk_01ARZ3NDEKTSV4RRFFQ69G5FAV')).toBeNull()
})
