import type { DeviceLine } from './history.ts'

/** What became of a device since its first Download of an upgrade, as it wrote down itself. */
export type Fate =
  | { readonly kind: 'untouched' }
  /** It got the Download and has not come to an end with it, or has forgotten it. */
  | { readonly kind: 'under_way' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'download_refused'; readonly fault: number }
  /** `told`: it sent TransferComplete since. */
  | { readonly kind: 'download_failed' | 'image_refused'; readonly fault: number; readonly told: boolean }
  | RunningNew
  | { readonly kind: 'fell_back' }
  /** `since`: its last step before; epoch ms. An Inform whose answer it never got stands in no record. */
  | { readonly kind: 'silent'; readonly since: number }

interface RunningNew {
  readonly kind: 'running_new'
  readonly settings: 'kept' | 'lost' | 'regained' | 'lost_silently'
  /** The first one brought it there. */
  readonly boots: number
  /** Something does not come up with it. */
  readonly broken: boolean
}

/** The device's fate with these attempts: from the first of their Downloads to the next of another upgrade. */
export function fateOf(lines: readonly DeviceLine[], attemptIds: ReadonlySet<string>): Fate {
  let fate: Fate = { kind: 'untouched' }
  let ours = false
  let since = 0
  for (const line of lines) {
    if (STEPS.has(line.what)) since = Date.parse(line.at)
    if (line.what === 'download_received') {
      ours = attemptIds.has(line.commandKey ?? '')
      if (ours) fate = { kind: 'under_way' }
    } else if (ours) fate = next(fate, line, since)
  }
  return fate
}

const STEPS = new Set(['download_received', 'download_answered', 'bytes_received'])

function next(fate: Fate, line: DeviceLine, since: number): Fate {
  const fault = line.fault ?? 0
  switch (line.what) {
    case 'download_answered':
      return line.fault === undefined ? fate : { kind: 'download_refused', fault }
    case 'download_failed':
    case 'image_refused':
      return { kind: line.what, fault, told: false }
    case 'transfer_complete_sent':
      return fate.kind === 'download_failed' || fate.kind === 'image_refused' ? { ...fate, told: true } : fate
    case 'cancelled':
      return { kind: 'cancelled' }
    case 'silent':
      return { kind: 'silent', since }
    case 'fell_back':
      return { kind: 'fell_back' }
    case 'flashed':
      return { kind: 'running_new', settings: 'kept', boots: 0, broken: false }
    default:
      return fate.kind === 'running_new' ? nextOnNew(fate, line) : fate
  }
}

function nextOnNew(fate: RunningNew, line: DeviceLine): RunningNew {
  switch (line.what) {
    case 'booted':
      return { ...fate, boots: fate.boots + 1 }
    case 'service_broken':
      return { ...fate, broken: true }
    case 'settings_lost':
      return { ...fate, settings: line.how === 'silently' ? 'lost_silently' : 'lost' }
    case 'settings_regained':
      return { ...fate, settings: 'regained' }
    default:
      return fate
  }
}
