import { type Parsed, parse } from '@sluice/targets'
import Format from 'typebox/format'

/** A string that is an IANA time zone, and no offset. */
export const TIME_ZONE = 'time-zone'
/** A string that is an expression over the inventory: docs/targets.md. */
export const TARGETS = 'targets'

Format.Set(TIME_ZONE, isTimeZone)
Format.Set(TARGETS, (text) => parse(text).kind === 'parsed')

/** What a person can act on, where a string is not of its format. */
export function sayingOfFormat(format: string, value: unknown): string | undefined {
  if (format === TIME_ZONE) return 'is no IANA time zone, such as Europe/Madrid'
  if (format !== TARGETS || typeof value !== 'string') return undefined
  const found: Parsed = parse(value)
  return found.kind === 'wrong' ? `is no expression: ${found.detail}` : undefined
}

/** An offset is none: it knows no daylight saving. */
function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
