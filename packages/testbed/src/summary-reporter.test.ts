import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')

test('the last line of a run counts what passed, failed and was skipped, after the reasons for skipping', () => {
  const run = runVitest({
    'sample.test.ts': `
      import { expect, test } from 'vitest'
      test('a', () => {})
      test('b', () => expect(1).toBe(2))
      test('c', (context) => context.skip('no fixtures here'))
      test.skip('d', () => {})`,
    'broken.test.ts': `throw new Error('cannot be loaded')`,
  })
  expect(run.lines.at(-1)).toBe('1 passed, 2 failed, 2 skipped')
  expect(run.lines).toContain('skipped: sample.test.ts > c (no fixtures here)')
  expect(run.lines).toContain('skipped: sample.test.ts > d (no reason given)')
  expect(run.status).toBe(1)
})

test('a run that passed says so, and names no skipped tests', () => {
  const run = runVitest({ 'fine.test.ts': `import { test } from 'vitest'; test('a', () => {})` })
  expect(run.lines.at(-1)).toBe('1 passed, 0 failed')
  expect(run.status).toBe(0)
})

test('a run whose servers could not be started has failed', () => {
  const run = runVitest({
    'fine.test.ts': `import { test } from 'vitest'; test('a', () => {})`,
    'set-up.ts': `export default () => { throw new Error('no servers') }`,
    'vitest.config.ts': `export default { test: { globalSetup: ['./set-up.ts'] } }`,
  })
  expect(run.lines.at(-1)).toBe('0 passed, 1 failed')
  expect(run.status).toBe(1)
})

function runVitest(files: Record<string, string>): { lines: string[]; status: number | null } {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-summary-'))
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)

  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const reporters = ['default', join(import.meta.dirname, 'summary-reporter.ts')].flatMap((name) => [
    '--reporter',
    name,
  ])
  const run = spawnSync(process.execPath, [vitest, 'run', '--root', directory, ...reporters], {
    cwd: directory,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' },
  })
  rmSync(directory, { recursive: true })
  return { lines: run.stdout.trimEnd().split('\n'), status: run.status }
}
