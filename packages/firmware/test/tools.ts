import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPublicKey, type PublicKey } from '../src/index.ts'

/** A folder of its own for tools that work on files, gone afterwards. */
export interface Workshop {
  write(name: string, content: Uint8Array | string): void
  read(name: string): Buffer
  /** What the tool printed. Throws with what it said where it fails. */
  run(tool: string, ...args: readonly string[]): Buffer
}

export function inWorkshop<T>(make: (workshop: Workshop) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-formats-'))
  try {
    return make({
      write: (name, content) => writeFileSync(join(folder, name), content),
      read: (name) => readFileSync(join(folder, name)),
      run: (tool, ...args) => execFileSync(tool, args, { cwd: folder, stdio: 'pipe', env: environment }),
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Tools that write a time write this one: a vector is the same each time, as far as its keys allow. */
const environment = { ...process.env, SOURCE_DATE_EPOCH: '1780000000', TZ: 'UTC' }

/** Which of these tools the machine does not have. */
export function missingTools(...tools: readonly string[]): readonly string[] {
  return tools.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)
}

export function publicKey(text: string): PublicKey {
  const read = readPublicKey(text)
  if (read.kind === 'refused') throw new Error(read.detail)
  return read.publicKey
}
