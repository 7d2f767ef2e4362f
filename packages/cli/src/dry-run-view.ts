import type { DryRun } from '@sluice/contracts'
import { printable, tableOf } from './table.ts'

/** A dry run as a person reads it: the figures first, then who, then what to know. */
export function dryRunLines(would: DryRun): string[] {
  const { devices, waves, duration, approvalNeededBecause, byModel, leftOut, notes } = would
  const models = byModel.map((one) => [
    one.oui,
    one.productClass,
    one.softwareVersion ?? 'unknown',
    one.toVersion,
    one.devices,
  ])
  const left = leftOut.map((one) => [one.reason, one.devices, one.examples.join(' ')])
  return [
    `${devices} devices in ${waves.map(({ size }) => size).join(' + ')}`,
    `about ${spell(duration.ms)}, bound by: ${printable(duration.boundBy)}`,
    ...(approvalNeededBecause.length === 0
      ? []
      : [`a second person has to approve it: ${approvalNeededBecause.join(', ')}`]),
    ...(models.length === 0 ? [] : tableOf(['OUI', 'CLASS', 'FROM', 'TO', 'DEVICES'], models)),
    ...(left.length === 0 ? [] : tableOf(['LEFT OUT', 'DEVICES', 'FOR EXAMPLE'], left)),
    ...notes.map((note) => `- ${printable(note)}`),
  ]
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const

/** The two largest units of a time. */
function spell(ms: number): string {
  const parts = UNITS.map(([unit, size], index) => {
    const above = UNITS[index - 1]?.[1]
    return [unit, Math.floor((above === undefined ? ms : ms % above) / size)] as const
  }).filter(([, count]) => count > 0)
  const shown = parts.slice(0, 2).map(([unit, count]) => `${count} ${unit}`)
  return shown.length === 0 ? 'less than a minute' : shown.join(' ')
}
