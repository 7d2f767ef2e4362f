import type { Costs } from './count-costs.ts'
import { type Measured, type Round, UNHURRIED } from './measure.ts'
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
  /** CPU of all servers together over that of the first variant, round by round. */
  readonly overFloor: { readonly median: number; readonly least: number; readonly most: number }
  readonly driverCpu: number
}

/** Medians of the rounds. */
export function rowsOf(measured: readonly Measured[]): Row[] {
  const floor = measured[0]!.rounds
  return measured.map(({ variant, rounds, unhurried }) => {
    const middle = (of: (round: Round) => number) => median(rounds.map(of))
    const ratios = rounds.map(({ cpuTotal }, index) => cpuTotal / floor[index]!.cpuTotal)
    const names = Object.keys(rounds[0]!.cpu)
    return {
      variant,
      sessionsPerSecond: middle(({ sessions, seconds }) => sessions / seconds),
      p50: middle(({ p50 }) => p50),
      p99: middle(({ p99 }) => p99),
      unhurried,
      cpu: Object.fromEntries(names.map((name) => [name, middle(({ cpu }) => cpu[name]!)])),
      cpuTotal: middle(({ cpuTotal }) => cpuTotal),
      overFloor: { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) },
      driverCpu: middle(({ driverCpu }) => driverCpu),
    }
  })
}

const PROCESSES = ['server', 'nats', 'redis', 'postgres', 'registry', 'scheduler']

export function tableOf(rows: readonly Row[]): string {
  const head = [
    'variant',
    'sessions/s',
    'p50 ms',
    'p99 ms',
    `p50 / p99 at ${UNHURRIED}/s`,
    ...PROCESSES,
    'total',
    'x floor (least-most)',
    '(driver)',
  ]
  const lines = rows.map(({ variant, sessionsPerSecond, p50, p99, unhurried, cpu, cpuTotal, overFloor, driverCpu }) => [
    variant,
    sessionsPerSecond.toFixed(0),
    p50.toFixed(1),
    p99.toFixed(1),
    `${unhurried.p50.toFixed(1)} / ${unhurried.p99.toFixed(1)}`,
    ...PROCESSES.map((name) => cpu[name]?.toFixed(3) ?? '-'),
    cpuTotal.toFixed(3),
    `${overFloor.median.toFixed(1)} (${overFloor.least.toFixed(1)}-${overFloor.most.toFixed(1)})`,
    driverCpu.toFixed(3),
  ])
  return markdown([head, ...lines])
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

/** Where the gateway's own time went. */
export function sharesTable({ packages, functions }: ProfileShares): string {
  const lines = (shares: readonly Share[], most: number) =>
    shares.slice(0, most).map(({ name, share }) => [name, `${(share * 100).toFixed(1)} %`])
  return [
    markdown([['gateway, self time by package', ''], ...lines(packages, 16)]),
    markdown([['gateway, self time by function', ''], ...lines(functions, 24)]),
  ].join('\n\n')
}

function markdown(lines: readonly (readonly string[])[]): string {
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
