import { parseArgs } from 'node:util'

export interface ChaosOptions {
  /** The first of them. */
  readonly seed: number
  readonly seeds: number
  readonly devices: number
}

export const usage = `pnpm chaos [--seeds 20] [--seed 1] [--devices 2000]

Each seed is one campaign over so many simulated devices, a tenth of which misbehave, in which every part of the
system is killed, frozen, restarted or robbed of its memory once, at places that the seed chooses. What happened is
then compared with the journals and with what the devices wrote down. Takes two to four minutes a seed.
`

/** Throws with a sentence where an option makes no sense; null: help was asked for. */
export function readOptions(args: string[]): ChaosOptions | null {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '1' },
      devices: { type: 'string', default: '2000' },
      help: { type: 'boolean', default: false },
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
