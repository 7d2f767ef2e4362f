import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Type from 'typebox'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { processSettings } from './common-settings.ts'
import { defineSettings, readSettings, settingsTable } from './settings.ts'

const definition = defineSettings({
  SLUICE_PORT: {
    type: Type.Integer({ minimum: 0, maximum: 65_535 }),
    default: 7547,
    description: 'Where | it listens.',
  },
  SLUICE_REALM: { type: Type.String({ minLength: 1 }), description: 'The realm.' },
  SLUICE_STRICT: { type: Type.Boolean(), default: false, description: 'Strict.' },
  SLUICE_SEAL: { type: Type.String({ minLength: 8 }), secret: true, optional: true, description: 'The seal.' },
})

describe('settings', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-settings-'))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))
  const problemsOf = (environment: Record<string, string>): string[] => {
    try {
      readSettings(definition, environment)
      return []
    } catch (error) {
      return (error as Error).message.split('\n')
    }
  }

  test('are read as what they are, with defaults for what is absent or empty', () => {
    const values = readSettings(definition, { SLUICE_REALM: 'acs', SLUICE_STRICT: 'true', SLUICE_PORT: '' })
    expect(values).toEqual({ SLUICE_PORT: 7547, SLUICE_REALM: 'acs', SLUICE_STRICT: true, SLUICE_SEAL: undefined })
    const port: number = values.SLUICE_PORT
    const seal: string | undefined = values.SLUICE_SEAL
    expect([port, seal]).toEqual([7547, undefined])
  })

  test('report every problem, one line each', () => {
    const problems = problemsOf({ SLUICE_PORT: '70000', SLUICE_STRICT: 'yes' })
    expect(problems.map((line) => line.split(':')[0])).toEqual(['SLUICE_PORT', 'SLUICE_REALM', 'SLUICE_STRICT'])
  })

  test('take no number that only begins as one', () => {
    for (const text of ['80x', '0x50', '8e1', ' ', '1.5']) {
      expect(problemsOf({ SLUICE_REALM: 'acs', SLUICE_PORT: text })).toHaveLength(1)
    }
  })

  test('that are secret come from a file without its last line break, and are never told', () => {
    const file = join(directory, 'seal')
    writeFileSync(file, 'eight-or-more\n')
    expect(readSettings(definition, { SLUICE_REALM: 'x', SLUICE_SEAL_FILE: file }).SLUICE_SEAL).toBe('eight-or-more')
    writeFileSync(file, 'short')
    const problems = [
      ...problemsOf({ SLUICE_REALM: 'x', SLUICE_SEAL_FILE: file }),
      ...problemsOf({ SLUICE_REALM: 'x', SLUICE_SEAL: 'short' }),
      ...problemsOf({ SLUICE_REALM: 'x', SLUICE_SEAL: 'short', SLUICE_SEAL_FILE: file }),
      ...problemsOf({ SLUICE_REALM: 'x', SLUICE_SEAL_FILE: join(directory, 'nowhere') }),
    ]
    expect(problems).toHaveLength(4)
    expect(problems.join()).not.toContain('short')
  })

  test('make a table that names every one of them, and no secret', () => {
    const table = settingsTable({ ...definition, ...processSettings })
    expect(table).toContain('| `SLUICE_PORT` | integer | `7547` | Where \\| it listens. |')
    expect(table).toContain('`SLUICE_SEAL` or `SLUICE_SEAL_FILE`')
    expect(table.split('\n').filter((line) => line.includes('SLUICE_'))).toHaveLength(9)
  })
})
