import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readProfile } from '../read-profile.ts'
import { markdown, sharesTable } from '../table.ts'
import type { Used } from './meter.ts'

export const print = (text: string) => void process.stdout.write(`${text}\n`)
export const say = (text: string) => void process.stderr.write(`${text}\n`)

export const table = (head: readonly string[], lines: readonly (readonly string[])[]): string =>
  markdown([[...head], ...lines.map((line) => [...line])])

/** CPU of each process, in all and for each unit of work, and the most it held. */
export function usedTable(used: Used, units: number, unit: string): string {
  const lines = Object.entries(used.cpu).map(([name, seconds]) => [
    name,
    seconds.toFixed(1),
    `${((seconds * 1e6) / units).toFixed(0)}`,
    `${((seconds / used.seconds) * 100).toFixed(0)} %`,
    name in used.peakBytes ? (used.peakBytes[name]! / 1e6).toFixed(0) : '-',
  ])
  const total = Object.values(used.cpu).reduce((sum, seconds) => sum + seconds, 0)
  return table(
    ['process', 'CPU s', `µs per ${unit}`, 'of a core', 'most MB'],
    [
      ...lines,
      [
        'all',
        total.toFixed(1),
        `${((total * 1e6) / units).toFixed(0)}`,
        `${((total / used.seconds) * 100).toFixed(0)} %`,
        '-',
      ],
      ['(driver)', used.driverCpu.toFixed(1), '-', `${((used.driverCpu / used.seconds) * 100).toFixed(0)} %`, '-'],
    ],
  )
}

export function keep(file: string | null, figures: unknown): void {
  if (file !== null) writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`)
}

/** Where a service's time went since an instant of the monotonic clock, in µs. It has to have ended. */
export function printProfile(folder: string | null, service: string, since: number): void {
  if (folder !== null) print(`\n${sharesTable(readProfile(join(folder, service), since), service)}`)
}

export const monotonicMicroseconds = (): number => Number(process.hrtime.bigint() / 1_000n)

export const rate = (count: number, seconds: number): string => (count / seconds).toFixed(0)
