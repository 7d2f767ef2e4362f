import { parseArgs } from 'node:util'

export interface ChaosOptions {
  /** The first of them. */
  readonly seed: number
  readonly seeds: number
  readonly devices: number
}

export const usage = `pnpm chaos [options]

  --seed N     the first of the seeds (1)
  --seeds N    how many, one after the other (1)
  --devices N  simulated ones, a tenth of which misbehave (2000)
  --help

Each seed is one campaign in which each of the gateways, the schedulers, the registry, the resolver, the file server,
NATS, Redis and PostgreSQL is killed, frozen or restarted once (Redis may be emptied instead), at places that the seed
chooses. What happened is then compared with the journals and with what the devices wrote down. A seed takes three to
four minutes on two cores, and wants them for itself.
`

/** Throws with a sentence where an option makes no sense; null: help was asked for. */
export function readOptions(args: readonly string[]): ChaosOptions | null {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '1' },
      devices: { type: 'string', default: '2000' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  return {
    seed: wholeNumber('--seed', values.seed, 0, 1_000_000),
    seeds: wholeNumber('--seeds', values.seeds, 1, 1_000),
    devices: wholeNumber('--devices', values.devices, 40, 10_000),
  }
}

function wholeNumber(name: string, text: string, from: number, to: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= from && value <= to) return value
  throw new Error(`${name} is a whole number from ${from} to ${to}, not ${text}`)
}
