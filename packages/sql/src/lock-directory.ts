import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SqlError } from './sql-error.ts'

/** Two processes on one embedded database would destroy it. Returns the release; throws `unavailable` while another live process holds it. */
export function lockDirectory(directory: string): () => void {
  const file = join(directory, 'lock')
  const take = () => writeFileSync(file, String(process.pid), { flag: 'wx' })
  try {
    take()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const holder = Number(readFileSync(file, 'utf8'))
    if (holder === process.pid ? heldHere.has(file) : isAlive(holder)) {
      throw new SqlError('unavailable', `process ${holder} has the database in ${directory} open`)
    }
    // Left by a process that was killed (in a container a new one may even have its number).
    rmSync(file, { force: true })
    take()
  }
  heldHere.add(file)
  return () => {
    heldHere.delete(file)
    rmSync(file, { force: true })
  }
}

const heldHere = new Set<string>()

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
