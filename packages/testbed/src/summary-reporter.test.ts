import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')

test('the last line of a run counts what passed, failed and was skipped, after the reasons for skipping', () => {
  const directory = mkdtempSync(join(root, 'packages/testbed/.summary-'))
  writeFileSync(
    join(directory, 'sample.test.ts'),
    `import { expect, test } from 'vitest'
     test('a', () => {})
     test('b', () => expect(1).toBe(2))
     test('c', (context) => context.skip('no fixtures here'))
     test.skip('d', () => {})`,
  )
  writeFileSync(join(directory, 'broken.test.ts'), `throw new Error('cannot be loaded')`)
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [
    vitest,
    'run',
    '--root',
    directory,
    '--reporter',
    'default',
    '--reporter',
    join(import.meta.dirname, 'summary-reporter.ts'),
  ]
  const run = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' },
  })
  rmSync(directory, { recursive: true })

  const lines = run.stdout.trimEnd().split('\n')
  expect(lines.at(-1)).toBe('1 passed, 2 failed, 2 skipped')
  expect(lines).toContain('skipped: sample.test.ts > c (no fixtures here)')
  expect(lines).toContain('skipped: sample.test.ts > d (no reason given)')
  expect(run.status).toBe(1)
})
