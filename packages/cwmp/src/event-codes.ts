import { clip, type Reading } from './reading.ts'

/** TR-069 3.7.1.5, table of event codes. */
const SINGLE: readonly string[] = [
  '0 BOOTSTRAP',
  '1 BOOT',
  '2 PERIODIC',
  '3 SCHEDULED',
  '4 VALUE CHANGE',
  '5 KICKED',
  '6 CONNECTION REQUEST',
  '7 TRANSFER COMPLETE',
  '8 DIAGNOSTICS COMPLETE',
  '9 REQUEST DOWNLOAD',
  '10 AUTONOMOUS TRANSFER COMPLETE',
  '11 DU STATE CHANGE COMPLETE',
  '12 AUTONOMOUS DU STATE CHANGE COMPLETE',
  '13 WAKEUP',
  // Of Amendment 6, and seen from CPE that otherwise speak of 5.
  '14 HEARTBEAT',
]
const MULTIPLE: readonly string[] = [
  'Reboot',
  'ScheduleInform',
  'Download',
  'ScheduleDownload',
  'Upload',
  'ChangeDUState',
]

/** Every code of the table as we write it; vendors' own (`X ...`) are not among them. */
export const knownEventCodes: ReadonlySet<string> = new Set([...SINGLE, ...MULTIPLE.map((method) => `M ${method}`)])

const canonical: ReadonlyMap<string, string> = new Map([...knownEventCodes].map((code) => [shapeOf(code), code]))

/**
 * An event code in its specified form. Case and blanks vary between CPE (`1 Boot`, `4 VALUECHANGE`), so
 * they are not compared; the number is, as a whole token: `10 ...` is not `1 ...`.
 */
export function readEventCode(sent: string, reading: Reading): string {
  const known = canonical.get(shapeOf(sent))
  if (known === undefined) {
    reading.warn('event_unknown')
    return clip(sent, 64)
  }
  if (known !== sent) reading.warn('event_code_form')
  return known
}

function shapeOf(code: string): string {
  const [token = '', ...words] = code.trim().split(/\s+/)
  return `${token.toUpperCase()} ${words.join('').toUpperCase()}`
}
