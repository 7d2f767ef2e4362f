import { readSettings } from '@sluice/runtime'
import { expect, test } from 'vitest'
import { settings } from './config.ts'
import { wakerSettings } from './waker-settings.ts'

test('a password is said in clear only where that was asked for', () => {
  const needed = { SLUICE_NATS_URL: 'nats://127.0.0.1:1', SLUICE_POSTGRES_URL: 'postgres://127.0.0.1:1/x' }
  const basicBy = (more: Record<string, string>) =>
    wakerSettings(readSettings(settings, { ...needed, ...more })).allowBasic
  expect(basicBy({})).toBe(false)
  expect(basicBy({ SLUICE_WAKE_BASIC: 'true' })).toBe(true)
})
