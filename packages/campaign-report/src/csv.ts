import type { Upgrade } from '@sluice/contracts'

const COLUMNS = [
  'upgradeId',
  'deviceKey',
  'deviceName',
  'artifactId',
  'wave',
  'leg',
  'site',
  'state',
  'countsAs',
  'reason',
  'faultCode',
  'attempts',
  'fromVersion',
  'reportedVersion',
  'waitsFor',
  'updatedAt',
  'traceId',
] as const satisfies readonly (keyof Upgrade)[]

/** The first line of the file, its end included. */
export const csvHeader = `${COLUMNS.join(',')}\r\n`

/** One upgrade as a line (RFC 4180), its end included. */
export function csvLine(upgrade: Upgrade): string {
  return `${COLUMNS.map((column) => field(upgrade[column])).join(',')}\r\n`
}

/** What a spreadsheet takes for the beginning of a formula, full-width forms included; also behind white space. */
const FORMULA = /^[\s\0]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20|%]|^[\t\r\n\0]/u

/** A text that a spreadsheet would take for a formula gets an apostrophe before it: devices choose what they call themselves. */
function field(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const safe = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe
}
