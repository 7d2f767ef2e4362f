import type { HistoryEntry } from '@sluice/contracts'
import { printable } from './table.ts'

const MAX_DATA = 160

/** The audit trail, a line an entry. */
export function historyLines(entries: readonly HistoryEntry[]): string[] {
  return entries.map((entry) => {
    const data = JSON.stringify(entry.data) ?? ''
    const shown = data.length > MAX_DATA ? `${data.slice(0, MAX_DATA)}...` : data
    return `${entry.at}  ${printable(entry.kind).padEnd(28)}  ${printable(entry.actor)}  ${entry.attemptId ?? ''}  ${printable(shown)}`
  })
}
