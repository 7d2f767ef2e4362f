import type { DeviceFilter } from '@sluice/contracts'
import { type Expression, type TargetedDevice, type TextField, matches, narrowingOf, parse } from '@sluice/targets'

/** What a reader asks for: an exact question to each device, and what SQL may look up so that fewer are asked. */
export interface Wanted {
  /** All that is needed of a row, but for `byKey` and `byName`: those SQL answers exactly. */
  readonly expression: Expression | undefined
  readonly changedSince: number | undefined
  readonly byKey: readonly string[] | undefined
  readonly byName: readonly string[] | undefined
  readonly models: DeviceFilter['models']
}

export type WantedOf =
  | { readonly kind: 'wanted'; readonly wanted: Wanted }
  | { readonly kind: 'wrong'; readonly detail: string }

export function wantedOf(filter: DeviceFilter, changedSince?: string): WantedOf {
  const where = filter.where === undefined ? undefined : parse(filter.where)
  if (where?.kind === 'wrong') return where
  const conditions: Expression[] = []
  if (filter.models) conditions.push(anyOf(filter.models.map(modelIs)))
  if (filter.softwareVersions) conditions.push(isOneOf('softwareVersion', filter.softwareVersions))
  if (filter.tags) conditions.push(...filter.tags.map((tag) => isOneOf('tag', [tag])))
  if (where !== undefined) conditions.push(where.expression)
  const wanted: Wanted = {
    expression: conditions.length === 0 ? undefined : { kind: 'and', of: conditions },
    changedSince: changedSince === undefined ? undefined : Date.parse(changedSince),
    byKey: filter.deviceKeys,
    byName: filter.names,
    models: filter.models,
  }
  return { kind: 'wanted', wanted }
}

/** Whether a device is one of them, as far as SQL does not say it. */
export function isWanted(
  { expression, changedSince }: Wanted,
  device: TargetedDevice & { readonly changedAt: number },
  now: number,
): boolean {
  if (changedSince !== undefined && device.changedAt < changedSince) return false
  return expression === undefined || matches(expression, device, now)
}

/** Texts that a field of every wanted device has; at most one entry a field. */
export function knownTexts({ expression }: Wanted): ReadonlyMap<TextField, readonly string[]> {
  const narrowed = expression === undefined ? [] : narrowingOf(expression)
  // Of two conditions on one field either will do: the devices are asked anyway.
  return new Map(narrowed.map(({ field, values }) => [field, values.filter(isStorable)]))
}

/** What no database can hold, no device has. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

function modelIs({ oui, productClass }: { oui: string; productClass: string }): Expression {
  return { kind: 'and', of: [isOneOf('oui', [oui]), isOneOf('productClass', [productClass])] }
}

function isOneOf(field: TextField | 'tag', values: readonly string[]): Expression {
  return { kind: 'one_of', field, isNegated: false, values }
}

function anyOf(of: readonly Expression[]): Expression {
  return of.length === 1 ? of[0]! : { kind: 'or', of }
}
