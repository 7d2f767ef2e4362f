import { parseArgs } from 'node:util'
import { deployedOptions } from './deployed-options.ts'

export interface Options {
  /** Of measuring, for each variant in each round. */
  readonly seconds: number
  readonly rounds: number
  readonly devices: number
  /** Sessions a second, where all variants get as many. */
  readonly pace: number
  /** Sessions under way at once. */
  readonly connections: number
  /** Connections stay open from session to session, as behind a proxy that pools them; a CPE opens one for each. */
  readonly pooled: boolean
  /** Where the figures go as JSON. */
  readonly json: string | null
  /** Of the gateways. */
  readonly nodeOptions: string
  /** Not CPU but memory: what the gateway holds when it is handed too much. */
  readonly memory: boolean
  /** A folder for a CPU profile of the gateway, whose parts are then printed. */
  readonly profile: string | null
}

export const usage = `pnpm bench [options]

  --seconds N      of measuring, for each variant in each round (3)
  --rounds N       how often the variants take turns (5)
  --pace N         sessions a second, where all variants get as many (1000)
  --devices N      simulated by the driver (1000)
  --connections N  sessions under way at once (32)
  --pooled         connections stay open from session to session, as behind a proxy; a CPE opens one for each
  --json FILE      write the figures there too
  --memory         no CPU: what the gateway holds when 20 connections at once hand it too much
  --node-options S NODE_OPTIONS of the gateways, instead of those they are deployed with
  --profile DIR    take a CPU profile of the gateway, and print where its time went
  --help

pnpm bench upgrades | informs | storm | plan | growth | machine | hints [--help]

  campaigns at scale

pnpm bench verify [--help]

  what it costs to look at an image

pnpm bench files [--help]

  serving images, beside nginx
`

/** Null: help was asked for. Throws with a sentence for people. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '5' },
      pace: { type: 'string', default: '1000' },
      devices: { type: 'string', default: '1000' },
      connections: { type: 'string', default: '32' },
      pooled: { type: 'boolean', default: false },
      json: { type: 'string' },
      memory: { type: 'boolean', default: false },
      'node-options': { type: 'string', default: deployedOptions() },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  const options = {
    seconds: positive('--seconds', values.seconds, 600),
    rounds: Math.ceil(positive('--rounds', values.rounds, 100)),
    pace: positive('--pace', values.pace, 100_000),
    devices: Math.ceil(positive('--devices', values.devices, 200_000)),
    connections: Math.ceil(positive('--connections', values.connections, 4_000)),
    pooled: values.pooled,
    memory: values.memory,
    nodeOptions: values['node-options'],
    json: values.json ?? null,
    profile: values.profile ?? null,
  }
  // Two sessions of one device at once would end one another.
  if (options.devices < options.connections) throw new Error('--devices is at least --connections')
  return options
}

function positive(name: string, text: string, most: number): number {
  const value = Number(text)
  if (!(value > 0 && value <= most)) throw new Error(`${name} is a number above 0, at most ${most}`)
  return value
}
