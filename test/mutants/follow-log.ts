import { FORGED_EVENT } from './mutate-body.ts'

export interface FollowedLog {
  /** Reads what was written since; the output of a process keeps its latest 64 KiB, so often. */
  read(): void
  readonly lines: number
  /** How many of each event, by level where it is above `info`. */
  readonly events: ReadonlyMap<string, number>
  /** Of each of those above `info`, the first. */
  readonly examples: readonly string[]
  /** Lines that are not one entry of ours: a device broke out of its own. */
  readonly strays: readonly string[]
  /** How often more was written than was kept. */
  readonly gaps: number
}

const MARK = 400

export function followLog(output: () => string): FollowedLog {
  const events = new Map<string, number>()
  const strays: string[] = []
  const examples: string[] = []
  let mark = ''
  let partial = ''
  let [lines, gaps] = [0, 0]
  const take = (line: string): void => {
    lines += 1
    const entry = entryOf(line)
    if (entry === null) return void (strays.length < 20 && strays.push(line.slice(0, 400)))
    const isCalm = entry.level === 'info' || entry.level === 'debug'
    const name = isCalm ? entry.event : `${entry.level} ${entry.event}`
    if (!isCalm && !events.has(name)) examples.push(line.slice(0, 1_000))
    events.set(name, (events.get(name) ?? 0) + 1)
  }
  return {
    read() {
      const all = output()
      const known = mark === '' ? 0 : all.lastIndexOf(mark)
      let news = known < 0 ? all : all.slice(known + mark.length)
      if (known < 0) {
        gaps += 1
        partial = ''
        // Begins within a line.
        news = news.slice(news.indexOf('\n') + 1)
      }
      if (news === '') return
      mark = all.slice(-MARK)
      const pieces = (partial + news).split('\n')
      partial = pieces.pop() ?? ''
      pieces.forEach(take)
    },
    get lines() {
      return lines
    },
    get gaps() {
      return gaps
    },
    events,
    examples,
    strays,
  }
}

function entryOf(line: string): { readonly level: string; readonly event: string } | null {
  try {
    const entry = JSON.parse(line) as Record<string, unknown>
    const { level, event, service, time } = entry
    if (typeof level !== 'string' || typeof event !== 'string' || typeof service !== 'string') return null
    // A name of ours, with a time: what a device wrote has neither.
    return time === undefined || event === FORGED_EVENT || !/^[a-z0-9_.]+$/.test(event) ? null : { level, event }
  } catch {
    return null
  }
}
