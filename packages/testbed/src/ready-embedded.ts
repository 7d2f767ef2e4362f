import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Names the folder of what is ready, for all processes of a run; without it, each database makes its own. */
const READY = 'SLUICE_READY_EMBEDDED'

/** What PGlite makes of an empty folder is always the same, and takes seconds to make: once, for all from here on. Answers what removes it. */
export async function keepReadyEmbedded(): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ready-embedded-'))
  const main = join(import.meta.dirname, 'ready-embedded.main.ts')
  await promisify(execFile)(process.execPath, [main, folder], { timeout: 60_000 })
  process.env[READY] = folder
  return () => {
    delete process.env[READY]
    rmSync(folder, { recursive: true, force: true })
  }
}

let archive: Uint8Array<ArrayBuffer> | undefined

/** For `openEmbedded`: a new, empty database in memory. */
export function inMemory(): { readonly memory: true; readonly from?: Uint8Array<ArrayBuffer> } {
  const folder = process.env[READY]
  if (folder === undefined) return { memory: true }
  return { memory: true, from: (archive ??= readFileSync(join(folder, 'pgdata.tar'))) }
}

/** For `openEmbedded` in this directory: a new, empty database. */
export function prepareEmbedded(directory: string): void {
  const folder = process.env[READY]
  if (folder !== undefined) cpSync(join(folder, 'pgdata'), join(directory, 'pgdata'), { recursive: true })
}
