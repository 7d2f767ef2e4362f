import type { Costs } from './count-costs.ts'
import { type Measured, type Round, UNHURRIED } from './measure.ts'
import type { MemoryRow } from './measure-memory.ts'
import type { ProfileShares, Share } from './read-profile.ts'

export interface Row {
  readonly variant: string
  readonly sessionsPerSecond: number
  readonly p50: number
  readonly p99: number
  /** At a rate at which nothing queues. */
  readonly unhurried: Measured['unhurried']
  /** CPU seconds per 1,000 sessions. */
  readonly cpu: Readonly<Record<string, number>>
  readonly cpuTotal: number
  readonly overFloor: OverFloor
  readonly driverCpu: number
  /** All variants at the same number of sessions a second. */
  readonly paced: Pick<Row, 'sessionsPerSecond' | 'cpu' | 'cpuTotal' | 'overFloor'>
}

/** CPU of all servers together over that of the first variant, round by round. */
export interface OverFloor {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Medians of the rounds. */
export function rowsOf(measured: readonly Measured[]): Row[] {
  const [floor] = measured
  return measured.map(({ variant, rounds, paced, unhurried }) => ({
    variant,
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99)),
    unhurried,
    ...costOf(rounds, floor!.rounds),
    driverCpu: median(rounds.map(({ driverCpu }) => driverCpu)),
    paced: costOf(paced, floor!.paced),
  }))
}

function costOf(rounds: readonly Round[], floor: readonly Round[]): Row['paced'] {
  const ratios = rounds.map(({ cpuTotal }, index) => cpuTotal / floor[index]!.cpuTotal)
  const names = Object.keys(rounds[0]!.cpu)
  return {
    sessionsPerSecond: median(rounds.map(({ sessions, seconds }) => sessions / seconds)),
    cpu: Object.fromEntries(names.map((name) => [name, median(rounds.map(({ cpu }) => cpu[name]!))])),
    cpuTotal: median(rounds.map(({ cpuTotal }) => cpuTotal)),
    overFloor: { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) },
  }
}

const PROCESSES = ['server', 'nats', 'redis', 'postgres', 'registry', 'scheduler']

/** Each variant as fast as it goes. */
export function tableOf(rows: readonly Row[]): string {
  const head = ['variant', 'sessions/s', 'p50 ms', 'p99 ms', `p50 / p99 at ${UNHURRIED}/s`, ...COSTS, '(driver)']
  const lines = rows.map((row) => [
    row.variant,
    row.sessionsPerSecond.toFixed(0),
    row.p50.toFixed(1),
    row.p99.toFixed(1),
    `${row.unhurried.p50.toFixed(1)} / ${row.unhurried.p99.toFixed(1)}`,
    ...costCells(row),
    row.driverCpu.toFixed(3),
  ])
  return markdown([head, ...lines])
}

/** All variants at one pace. */
export function pacedTableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ variant, paced }) => [variant, paced.sessionsPerSecond.toFixed(0), ...costCells(paced)])
  return markdown([['variant', 'sessions/s', ...COSTS], ...lines])
}

const COSTS = [...PROCESSES, 'total', 'x floor (least-most)']

function costCells({ cpu, cpuTotal, overFloor }: Row['paced']): string[] {
  return [
    ...PROCESSES.map((name) => cpu[name]?.toFixed(3) ?? '-'),
    cpuTotal.toFixed(3),
    `${overFloor.median.toFixed(1)} (${overFloor.least.toFixed(1)}-${overFloor.most.toFixed(1)})`,
  ]
}

export function costsOf({ sessions, posts, challenges, redisScripts, events, informs, sqlConnections }: Costs): string {
  return markdown([
    ['counted over idle sessions', ''],
    ['sessions', String(sessions)],
    ['POSTs per session', (posts / sessions).toFixed(2)],
    ['401 per session', (challenges / sessions).toFixed(2)],
    ['Redis scripts per POST', (redisScripts / posts).toFixed(2)],
    ['stored events per session', (events / sessions).toFixed(3)],
    ['informs per stored event', (informs / events).toFixed(1)],
    ['connections of the gateway to PostgreSQL', String(sqlConnections)],
  ])
}

export function memoryTableOf(rows: readonly MemoryRow[]): string {
  const lines = rows.map(({ flood, answers, peakBytes }) => [
    flood,
    Object.entries(answers)
      .map(([answer, count]) => `${count} x ${answer}`)
      .join(', ') || '-',
    (peakBytes / 1e6).toFixed(0),
  ])
  return markdown([['handed to the gateway', 'answers', 'most MB'], ...lines])
}

/** Where a process's own time went. */
export function sharesTable({ packages, functions }: ProfileShares, of = 'gateway'): string {
  const lines = (shares: readonly Share[], most: number) =>
    shares.slice(0, most).map(({ name, share }) => [name, `${(share * 100).toFixed(1)} %`])
  return [
    markdown([[`${of}, self time by package`, ''], ...lines(packages, 16)]),
    markdown([[`${of}, self time by function`, ''], ...lines(functions, 24)]),
  ].join('\n\n')
}

export function markdown(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const [head = '', ...rest] = lines.map(
    (line) =>
      `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join(' | ')} |`,
  )
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [head, rule, ...rest].join('\n')
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
