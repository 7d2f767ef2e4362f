import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Names the folder of what is ready, for all processes of a run; without it, each database makes its own. */
const READY = 'SLUICE_READY_EMBEDDED'

/** What PGlite makes of an empty folder is always the same, and takes seconds to make: once, by who needs it first. Answers what removes it. */
export function keepReadyEmbedded(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ready-embedded-'))
  process.env[READY] = folder
  return () => {
    delete process.env[READY]
    rmSync(folder, { recursive: true, force: true })
  }
}

let archive: Uint8Array<ArrayBuffer> | undefined

/** For `openEmbedded`: a new, empty database in memory. */
export function inMemory(): { readonly memory: true; readonly from?: Uint8Array<ArrayBuffer> } {
  const ready = findReady()
  return ready === undefined
    ? { memory: true }
    : { memory: true, from: (archive ??= readFileSync(join(ready, 'pgdata.tar'))) }
}

/** For `openEmbedded` in this directory: a new, empty database. */
export function prepareEmbedded(directory: string): void {
  const ready = findReady()
  if (ready !== undefined) cpSync(join(ready, 'pgdata'), join(directory, 'pgdata'), { recursive: true })
}

function findReady(): string | undefined {
  const folder = process.env[READY]
  if (folder === undefined) return undefined
  const ready = join(folder, 'made')
  if (!existsSync(ready)) make(folder, ready)
  return ready
}

/** Two may make it at once: the first to have done so keeps it. */
function make(folder: string, ready: string): void {
  const own = mkdtempSync(join(folder, 'making-'))
  const main = join(import.meta.dirname, 'ready-embedded.main.ts')
  execFileSync(process.execPath, [main, own], { timeout: 60_000 })
  try {
    renameSync(own, ready)
  } catch (error) {
    if (!existsSync(ready)) throw error
  }
}
