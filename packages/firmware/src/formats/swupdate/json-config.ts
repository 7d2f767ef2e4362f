import { refuse } from '../refuse.ts'
import { startBudget, type ConfigGroup, type ConfigValue } from './config-value.ts'

/** Reads a sw-description that is written as JSON. */
export function readJsonConfig(text: string): ConfigGroup {
  const value = asConfig(parse(text), 0, startBudget())
  return value instanceof Map ? value : refuse('format_malformed', 'sw-description is no JSON object')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return refuse('format_malformed', 'sw-description is no JSON')
  }
}

function asConfig(value: unknown, depth: number, spend: (depth: number) => void): ConfigValue {
  spend(depth)
  if (Array.isArray(value)) return value.map((item: unknown) => asConfig(item, depth + 1, spend))
  if (typeof value !== 'object' || value === null) return value as string | number | boolean | null
  return new Map(Object.entries(value).map(([name, item]) => [name, asConfig(item, depth + 1, spend)]))
}
