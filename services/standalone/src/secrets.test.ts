import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepSecrets } from './secrets.ts'

let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'sluice-secrets-')), 'state')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

test('secrets are made once and stay the same over restarts', () => {
  const first = keepSecrets(folder)
  expect(keepSecrets(folder)).toEqual(first)
  expect(new Set(Object.values(first)).size).toBe(8)
  for (const secret of Object.values(first)) expect(secret).toMatch(/^[0-9a-f]{64}$/)
})

test('nobody but their owner can read them', () => {
  keepSecrets(folder)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  for (const file of ['secrets.json', 'operator-token']) {
    expect(statSync(join(folder, file)).mode & 0o777, file).toBe(0o600)
  }
})

test('a secret that a later version needs is added, and the others are kept', () => {
  const { operatorToken: _, ...older } = keepSecrets(folder)
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify(older))
  const { operatorToken, ...kept } = keepSecrets(folder)
  expect(kept).toEqual(older)
  expect(readFileSync(join(folder, 'operator-token'), 'utf8').trim()).toBe(operatorToken)
})

test('a damaged file of secrets is an error, not a new set that locks every device out', () => {
  keepSecrets(folder)
  writeFileSync(join(folder, 'secrets.json'), '{"sealKey":')
  expect(() => keepSecrets(folder)).toThrow()
})
