import { spawnSync } from 'node:child_process'

/** A process and its descendants, the parent first. PostgreSQL is a family: stopping the parent alone would leave its children answering. */
export function processFamily(pid: number): number[] {
  const listing = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).stdout
  const parents = new Map(
    listing
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]),
  )
  if (!parents.has(pid)) return []
  const family = new Set([pid])
  for (let grown = 0; grown !== family.size;) {
    grown = family.size
    for (const [child, parent] of parents) if (family.has(parent)) family.add(child)
  }
  return [...family]
}
