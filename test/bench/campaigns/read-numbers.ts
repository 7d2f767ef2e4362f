import { parseArgs } from 'node:util'

/** What a command can be told: its default, its greatest value, and what it is. */
export type Sizes = Readonly<Record<string, { readonly usual: number; readonly most: number; readonly what: string }>>

export interface Told<S extends Sizes> {
  readonly sizes: { readonly [Name in keyof S]: number }
  readonly json: string | null
  readonly profile: string | null
  readonly fsync: boolean
}

const EXTRAS = {
  profile: { type: 'string', line: '--profile DIR  CPU profiles of the services, and where their time went' },
  'no-fsync': { type: 'boolean', line: '--no-fsync  PostgreSQL does not wait for the disk' },
} as const

/** What a command may be told beside its sizes, where it has use for it. */
export type Extra = keyof typeof EXTRAS

/** Null: help was asked for. Throws with a sentence for people. */
export function readNumbers<S extends Sizes>(
  command: string,
  sizes: S,
  args: readonly string[],
  extras: readonly Extra[] = ['profile', 'no-fsync'],
): Told<S> | null {
  const options = [
    ...Object.keys(sizes).map((name) => [name, { type: 'string' as const }] as const),
    ...extras.map((name) => [name, { type: EXTRAS[name].type }] as const),
  ]
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      ...Object.fromEntries<{ type: 'string' | 'boolean' }>(options),
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) {
    const lines = [
      ...Object.entries(sizes).map(([name, { usual, what }]) => `--${name} N  ${what} (${usual})`),
      '--json FILE  write the figures there too',
      ...extras.map((name) => EXTRAS[name].line),
    ]
    process.stdout.write(`pnpm bench ${command} [options]\n\n${lines.map((line) => `  ${line}\n`).join('')}`)
    return null
  }
  const given: Readonly<Record<string, string | boolean | undefined>> = values
  const told = Object.entries(sizes).map(([name, { usual, most }]) => {
    const value = Number(given[name] ?? usual)
    if (!(value > 0 && value <= most)) throw new Error(`--${name} is a number above 0, at most ${most}`)
    return [name, value]
  })
  return {
    sizes: Object.fromEntries(told) as Told<S>['sizes'],
    json: text(values.json),
    profile: text(given['profile']),
    fsync: given['no-fsync'] !== true,
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
