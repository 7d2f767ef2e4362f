import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What is always the same and takes seconds to make: made once, before the tests, and found by all processes of the run. */
export interface ReadyFolder {
  /** Answers what removes it. */
  make(fill: (folder: string) => Promise<void> | void): Promise<() => void>
  /** Undefined where nobody made it: who needs what is in it makes its own. */
  find(): string | undefined
}

/** `name`: `[a-z]+`. */
export function readyFolder(name: string): ReadyFolder {
  const variable = `SLUICE_READY_${name.toUpperCase()}`
  return {
    make: async (fill) => {
      const folder = mkdtempSync(join(tmpdir(), `sluice-ready-${name}-`))
      const remove = () => {
        delete process.env[variable]
        rmSync(folder, { recursive: true, force: true })
      }
      try {
        await fill(folder)
      } catch (error) {
        remove()
        throw error
      }
      process.env[variable] = folder
      return remove
    },
    find: () => process.env[variable],
  }
}
