import { parseArgs } from 'node:util'

/** What a command can be told: its default, its greatest value, and what it is. */
export type Sizes = Readonly<Record<string, { readonly usual: number; readonly most: number; readonly what: string }>>

export interface Told<S extends Sizes> {
  readonly sizes: { readonly [Name in keyof S]: number }
  readonly json: string | null
  readonly profile: string | null
  readonly fsync: boolean
}

/** Null: help was asked for. Throws with a sentence for people. */
export function readNumbers<S extends Sizes>(command: string, sizes: S, args: readonly string[]): Told<S> | null {
  const options = Object.fromEntries(Object.keys(sizes).map((name) => [name, { type: 'string' as const }]))
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      ...options,
      json: { type: 'string' },
      profile: { type: 'string' },
      'no-fsync': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) {
    const lines = Object.entries(sizes).map(([name, { usual, what }]) => `  --${name} N  ${what} (${usual})`)
    process.stdout.write(
      `pnpm bench ${command} [options]\n\n${lines.join('\n')}\n  --json FILE  write the figures there too\n` +
        '  --profile DIR  CPU profiles of the services, and where their time went\n  --no-fsync  PostgreSQL does not wait for the disk\n',
    )
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
    profile: text(values.profile),
    fsync: values['no-fsync'] !== true,
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
