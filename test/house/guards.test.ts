import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const text = readFileSync(join(import.meta.dirname, '../../docs/guards.md'), 'utf8')
const sections = text.split(/^## /m).slice(1)

test.each(sections.map((section) => [section.split('\n', 1)[0]!, section]))(
  'the guards of %s stand in one table, each of them once',
  (_, section) => {
    const rows = section
      .split('\n')
      .filter((line) => line.startsWith('|') && !line.startsWith('| --'))
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .join('|'),
      )
    expect(rows[0]).toBe('|guard taken out|test that fails|')
    expect(rows.length).toBeGreaterThan(1)
    expect(rows.filter((row, index) => rows.indexOf(row) !== index)).toEqual([])
  },
)
