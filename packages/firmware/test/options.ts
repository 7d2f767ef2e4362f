import { parseArgs } from 'node:util'

export interface Options {
  readonly formats: readonly string[]
  /** Null: not mutants but flips. */
  readonly mutants: number | null
  readonly seed: number
}

export const usageOf = (known: readonly string[]): string => `pnpm mutants:formats --mutants N | --flips [options]

  --mutants N    read N mutants of the images of each format
  --seed N       that they are made from (1)
  --flips        change each byte of each image to each other value
  --format NAME  of one format alone: ${known.join(', ')}
  --help

What is read or refused is counted; an image that is neither, or a change that nobody notices, fails the run. The images
are made by the tools of their formats.
`

/** Null: help was asked for. Throws with a sentence for people. */
export function readOptions(args: readonly string[], known: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      mutants: { type: 'string' },
      seed: { type: 'string', default: '1' },
      flips: { type: 'boolean', default: false },
      format: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const { mutants, flips, format } = values
  if (values.help) return null
  if ((mutants === undefined) === !flips) throw new Error('either --mutants N or --flips')
  if (format !== undefined && !known.includes(format)) throw new Error(`--format is one of ${known.join(', ')}`)
  return {
    formats: format === undefined ? known : [format],
    mutants: mutants === undefined ? null : whole('--mutants', mutants, 1, 100_000_000),
    seed: whole('--seed', values.seed, 0, 4_294_967_295),
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!(Number.isInteger(value) && value >= least && value <= most))
    throw new Error(`${name} is a whole number from ${least} to ${most}`)
  return value
}
