import { execFile } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readyFolder } from './ready-folder.ts'

const ready = readyFolder('embedded')

/** What PGlite makes of an empty folder. Answers what removes it. */
export function keepReadyEmbedded(): Promise<() => void> {
  const main = join(import.meta.dirname, 'ready-embedded.main.ts')
  return ready.make(async (folder) => {
    await promisify(execFile)(process.execPath, [main, folder], { timeout: 60_000 })
  })
}

let archive: Uint8Array<ArrayBuffer> | undefined

/** For `openEmbedded`: a new, empty database in memory. */
export function inMemory(): { readonly memory: true; readonly from?: Uint8Array<ArrayBuffer> } {
  const folder = ready.find()
  if (folder === undefined) return { memory: true }
  return { memory: true, from: (archive ??= readFileSync(join(folder, 'pgdata.tar'))) }
}

/** For `openEmbedded` in this directory: a new, empty database. */
export function prepareEmbedded(directory: string): void {
  const folder = ready.find()
  if (folder !== undefined) cpSync(join(folder, 'pgdata'), join(directory, 'pgdata'), { recursive: true })
}
