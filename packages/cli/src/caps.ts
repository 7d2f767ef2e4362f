import type { Caps, CapsChange } from '@sluice/contracts'
import { type Options, UsageError, type Values, textOf } from './command.ts'

export const CAPS_OPTIONS: Options = {
  'in-flight': { type: 'string' },
  unproven: { type: 'string' },
  'starts-per-minute': { type: 'string' },
  'per-site': { type: 'string' },
  'egress-bits-per-second': { type: 'string' },
}

export const CAPS_USAGE =
  '[--in-flight <n>] [--unproven <n>] [--starts-per-minute <n>|none] [--per-site <in flight>[/<unproven>]|none] [--egress-bits-per-second <n>|none]'

/** What is not named stays as it is. */
export function capsIn(values: Values): CapsChange {
  const change = {
    ...given(values, 'in-flight', (text) => ({ inFlight: figureOf(text) })),
    ...given(values, 'unproven', (text) => ({ unproven: figureOf(text) })),
    ...given(values, 'starts-per-minute', (text) => ({ startsPerMinute: orNone(text, figureOf) })),
    ...given(values, 'per-site', (text) => ({ perSite: orNone(text, perSiteOf) })),
    ...given(values, 'egress-bits-per-second', (text) => ({ egressBitsPerSecond: orNone(text, figureOf) })),
  }
  if (Object.keys(change).length === 0) throw new UsageError('name at least one cap, for example --in-flight 500')
  return change
}

export function capsLine({ inFlight, unproven, startsPerMinute, perSite, egressBitsPerSecond }: Caps): string {
  return [
    `${inFlight} in flight`,
    `${unproven} unproven`,
    ...(startsPerMinute === undefined ? [] : [`${startsPerMinute} starts per minute`]),
    ...(perSite === undefined ? [] : [`${perSite.inFlight} in flight at a site`]),
    ...(perSite?.unproven === undefined ? [] : [`${perSite.unproven} unproven at a site`]),
    ...(egressBitsPerSecond === undefined ? [] : [`${egressBitsPerSecond} bit/s`]),
  ].join(', ')
}

function given(values: Values, name: string, then: (text: string) => CapsChange): CapsChange {
  const text = textOf(values, name)
  return text === undefined ? {} : then(text)
}

function orNone<T>(text: string, read: (text: string) => T): T | null {
  return text === 'none' ? null : read(text)
}

function perSiteOf(text: string): NonNullable<Caps['perSite']> {
  const [inFlight, unproven, ...more] = text.split('/')
  if (more.length > 0) throw new UsageError(`${text}: of a site it is 50, or 50/200 with who may be unproven`)
  return { inFlight: figureOf(inFlight!), ...(unproven !== undefined && { unproven: figureOf(unproven) }) }
}

function figureOf(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`${text}: a cap is a whole number, 1 at least`)
  return Number(text)
}
