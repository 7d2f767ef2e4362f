import { parseArgs } from 'node:util'

export interface Options {
  readonly mutants: number
  readonly seed: number
  /** Number of the first: one that failed is tried again alone. */
  readonly from: number
  readonly auth: 'none' | 'digest'
  /** Connections that stay open, each of a device of its own. */
  readonly lines: number
}

export const usage = `pnpm mutants [options]

  --mutants N      of messages, to a gateway over HTTP (2000)
  --seed N         that they are made from (1)
  --from N         number of the first; with --mutants 1, one alone (0)
  --auth HOW       digest: of devices with credentials; none: of whoever it is (none)
  --lines N        connections that stay open, each of a device of its own (16)
  --help

Messages of real devices are mutated too where SLUICE_FIXTURES names a folder of them.
`

/** Null: help was asked for. Throws with a sentence for people. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      mutants: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
      auth: { type: 'string', default: 'none' },
      lines: { type: 'string', default: '16' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  const { auth } = values
  if (auth !== 'none' && auth !== 'digest') throw new Error('--auth is none or digest')
  return {
    mutants: whole('--mutants', values.mutants, 1, 100_000_000),
    seed: whole('--seed', values.seed, 0, 4_294_967_295),
    from: whole('--from', values.from, 0, 100_000_000),
    auth,
    lines: whole('--lines', values.lines, 1, 200),
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!(Number.isInteger(value) && value >= least && value <= most))
    throw new Error(`${name} is a whole number from ${least} to ${most}`)
  return value
}
