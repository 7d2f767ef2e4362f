import { readdirSync, readFileSync } from 'node:fs'

/** Of /proc, on every Linux. */
const TICKS_PER_SECOND = 100

/** CPU seconds that a process and its descendants have used so far, those that have ended included. */
export function processorTime(pid: number): number {
  const all = new Map<number, Stat>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined
    if (stat !== undefined) all.set(Number(name), stat)
  }
  const family = [pid]
  for (const member of family) for (const [child, { parent }] of all) if (parent === member) family.push(child)
  const ticks = family.reduce((sum, member) => sum + (all.get(member)?.ticks ?? 0), 0)
  return ticks / TICKS_PER_SECOND
}

/** The one child of ours that runs this program. */
export function childNamed(program: string): number {
  const found = readdirSync('/proc').filter((name) => {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined
    return stat?.parent === process.pid && stat.program === program
  })
  if (found.length !== 1) throw new Error(`${found.length} children of ours run ${program}, one was due`)
  return Number(found[0])
}

interface Stat {
  readonly program: string
  readonly parent: number
  /** Of all its threads, and of its children that have ended. */
  readonly ticks: number
}

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Behind the name, which may hold anything: man 5 proc_pid_stat, fields 4 and 14 to 17.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    const program = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'))
    return { program, parent: Number(fields[1]), ticks }
  } catch {
    return undefined
  }
}
