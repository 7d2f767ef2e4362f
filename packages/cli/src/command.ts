import type { Client } from '@sluice/client'
import type { ParseArgsConfig } from 'node:util'

export type Options = NonNullable<ParseArgsConfig['options']>
export type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>

export interface Invocation {
  /** Connects when it is first asked for: what needs no connection needs no token. */
  readonly client: Client
  readonly positionals: readonly string[]
  readonly values: Values
  /** Prints a line. */
  readonly say: (line: string) => void
  /** Prints a line to where errors go. */
  readonly complain: (line: string) => void
  /** Null where the output is no terminal. */
  readonly screen: Screen | null
  readonly signal: AbortSignal
}

export interface Screen {
  /** Replaces what was drawn before. */
  draw(lines: readonly string[]): void
}

export interface Command {
  /** As typed after `sluice`, for example `campaigns create`. */
  readonly name: string
  /** What follows the name in the usage line. */
  readonly usage: string
  readonly summary: string
  /** How many positionals it takes. */
  readonly positionals: number
  /** How many of them it cannot do without; where absent, all that the usage line begins with. */
  readonly needs?: number
  readonly options: Options
  /** Answers whether it succeeded. */
  readonly run: (invocation: Invocation) => Promise<boolean | void>
}

/** What the person typed is not a command; the message is for them. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export function textOf(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

export function requiredText(values: Values, name: string): string {
  const value = textOf(values, name)
  if (value === undefined) throw new UsageError(`--${name} is needed`)
  return value
}

export function listOf(values: Values, name: string): string[] {
  const value = values[name]
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
}
