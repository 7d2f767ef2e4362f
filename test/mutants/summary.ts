import { megabytes, type Memory } from './read-memory.ts'
import type { Findings } from './try-gateway.ts'

export function summaryOf(findings: Findings): string {
  const { options, samples, tally, seconds, memoryAfterTenth, memoryAtEnd, inventory, logs } = findings
  const { ordinarySessions, slowestOrdinaryMs } = findings
  return [
    `${tally.played} mutants of ${samples} messages, seed ${options.seed} from ${options.from}, authentication ${options.auth}: ` +
      `${seconds.toFixed(0)} s, ${(tally.played / seconds).toFixed(0)} a second`,
    `answers: ${counted(tally.statuses)}`,
    `slowest answer ${tally.slowestMs.toFixed(0)} ms (${tally.slowest})`,
    `ordinary sessions between: ${ordinarySessions}, slowest ${slowestOrdinaryMs.toFixed(0)} ms`,
    `gateway after the first tenth: ${memory(memoryAfterTenth)}; at the end: ${memory(memoryAtEnd)}`,
    `inventory: ${inventory.devices} devices, strange ${inventory.strange.length}`,
    ...[...logs].map(
      ([name, log]) =>
        `log of ${name}: ${log.lines} lines, no entry ${log.strays.length}, missed ${log.gaps} times; ${counted(log.events)}`,
    ),
    ...[...logs.values()].flatMap((log) => log.examples.map((line) => `first of its kind: ${line}`)),
    '',
    table(tally.kinds),
  ].join('\n')
}

function memory({ held, resident, highest }: Memory): string {
  return `${megabytes(held)} held, ${megabytes(resident)} resident, ${megabytes(highest)} at the highest`
}

function table(kinds: ReadonlyMap<string, ReadonlyMap<string, number>>): string {
  const statuses = [...new Set([...kinds.values()].flatMap((counts) => [...counts.keys()]))].toSorted()
  const rows = [...kinds].toSorted(([a], [b]) => a.localeCompare(b))
  return [
    `| mutation | ${statuses.join(' | ')} |`,
    `| --- |${statuses.map(() => ' ---: |').join('')}`,
    ...rows.map(([kind, counts]) => `| ${kind} | ${statuses.map((status) => counts.get(status) ?? 0).join(' | ')} |`),
  ].join('\n')
}

function counted(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} x ${count}`)
    .join(', ')
}
