import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

/** It has all services in it. */
const everything = resolve(import.meta.dirname, '../../../services/standalone/src/main.ts')

/**
 * Compiles every service once, for all processes that are started from here on: each would spend a third of its start
 * on that. Answers what removes it.
 */
export async function fillCompileCache(): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-compiled-'))
  process.env['NODE_COMPILE_CACHE'] = folder
  await promisify(execFile)(process.execPath, [everything, '--help'], { timeout: 60_000 })
  return () => rmSync(folder, { recursive: true, force: true })
}
