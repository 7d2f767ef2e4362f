import { createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { isIssued, issueToken } from './session-token.ts'

const secret = createSecretKey(Buffer.from('one secret for all replicas'))
const deviceKey = 'dev_' + 'a'.repeat(26)
const token = issueToken(secret, deviceKey)

test('a token is known again by every gateway with the secret', () => {
  expect(token).toMatch(/^[\w-]{22}$/)
  expect(isIssued(secret, { deviceKey, token })).toBe(true)
  expect(issueToken(secret, deviceKey)).not.toBe(token)
})

test.each<[string, Partial<{ deviceKey: string; token: string }>]>([
  ['made up', { token: 'A'.repeat(22) }],
  ['changed at its beginning', { token: (token.startsWith('A') ? 'B' : 'A') + token.slice(1) }],
  ['changed at its end', { token: token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A') }],
  ['of another device', { deviceKey: 'dev_' + 'b'.repeat(26) }],
  ['too short', { token: token.slice(0, 16) }],
])('one that is %s is not', (_, change) => {
  expect(isIssued(secret, { deviceKey, token, ...change })).toBe(false)
})

test('nor is one of another secret', () => {
  expect(isIssued(createSecretKey(Buffer.from('another')), { deviceKey, token })).toBe(false)
})
