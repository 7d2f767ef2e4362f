import { refuse } from '../refuse.ts'

/** A value of sw-description, in whichever syntax it was written: groups of named values, lists, and scalars. */
export type ConfigValue = string | number | boolean | null | readonly ConfigValue[] | ConfigGroup
export type ConfigGroup = ReadonlyMap<string, ConfigValue>

const MAX_DEPTH = 24
const MAX_VALUES = 20_000

/** Counts what is read of a configuration: how deep, and how much. */
export function startBudget(): (depth: number) => void {
  let values = 0
  return (depth) => {
    values += 1
    if (depth > MAX_DEPTH) refuse('format_limit_exceeded', `sw-description nests deeper than ${MAX_DEPTH}`)
    if (values > MAX_VALUES) refuse('format_limit_exceeded', `sw-description has more than ${MAX_VALUES} values`)
  }
}

export function isGroup(value: ConfigValue | undefined): value is ConfigGroup {
  return value instanceof Map
}

export function isList(value: ConfigValue | undefined): value is readonly ConfigValue[] {
  return Array.isArray(value)
}

/** Every group of a configuration, from the outermost inwards. */
export function* groupsWithin(value: ConfigValue): Generator<ConfigGroup> {
  if (isGroup(value)) {
    yield value
    for (const inner of value.values()) yield* groupsWithin(inner)
  } else if (isList(value)) {
    for (const inner of value) yield* groupsWithin(inner)
  }
}
