import { type Order, orders } from '../end-to-end/ordered-faults.ts'
import { type Dice, diceOf } from '../mutants/dice.ts'

/** What is hit: every part that a campaign rests on while it runs. */
export const PARTS = [
  'cwmp-gateway-1',
  'cwmp-gateway-2',
  'campaign-scheduler-1',
  'campaign-scheduler-2',
  'device-registry',
  'artifact-resolver',
  'file-server',
  'nats',
  'redis',
  'postgres',
] as const
export type Part = (typeof PARTS)[number]

export type Strike =
  /** SIGKILL, and started again after so long. */
  | { readonly kind: 'kill'; readonly part: Part; readonly ms: number }
  /** SIGSTOP for so long: its connections stay open. */
  | { readonly kind: 'freeze'; readonly part: Part; readonly ms: number }
  /** SIGTERM, and started again. */
  | { readonly kind: 'restart'; readonly part: Part }
  /** Redis forgets everything. */
  | { readonly kind: 'forget'; readonly part: 'redis' }

export interface Plan {
  /** In the order they fall in: each once that share of the upgrades is settled, and a moment has passed. */
  readonly strikes: readonly { readonly at: number; readonly afterMs: number; readonly strike: Strike }[]
  /** By the index of the device; the others behave. */
  readonly faults: readonly Order[]
}

/** Of a scheduler: one that stands still for longer has lost its campaigns when it wakes. */
const LEASE_MS = 6_000

/** A tenth of the devices misbehaves, each in a way that the seed chooses. */
const MISBEHAVING = 0.1

/** Of each way to refuse the image: the fifth device that does stops the campaign, and rightly so. */
const MOST_REFUSING = 4

/** What happens under a seed: every part is hit once, in an order, a way and at a place that the seed chooses. */
export function planChaos(seed: number, devices: number): Plan {
  const dice = diceOf(seed, 0)
  const order = shuffled(PARTS, dice)
  const strikes = order.map((part, index) => ({
    // The last one falls while many are still under way. Not later: some never end by themselves, and are never settled.
    at: (index * 0.5) / order.length,
    afterMs: dice(1_500),
    strike: strikeOn(part, dice),
  }))
  return { strikes, faults: misbehaving(Math.round(devices * MISBEHAVING), dice) }
}

function misbehaving(count: number, dice: Dice): Order[] {
  const faults: Order[] = []
  while (faults.length < count) {
    const one = orders[dice(orders.length)]!
    const isRefusal = one.faults.refusesImage !== undefined
    if (!isRefusal || faults.filter((other) => other === one).length < MOST_REFUSING) faults.push(one)
  }
  return faults
}

function strikeOn(part: Part, dice: Dice): Strike {
  const ms = 500 + dice(3_500)
  if (part === 'redis' && dice(2) === 0) return { kind: 'forget', part }
  switch (dice(3)) {
    case 0:
      return { kind: 'restart', part }
    case 1:
      return { kind: 'freeze', part, ms: part.startsWith('campaign-scheduler') ? ms + LEASE_MS : ms }
    default:
      return { kind: 'kill', part, ms }
  }
}

function shuffled<T>(items: readonly T[], dice: Dice): T[] {
  const rest = [...items]
  return items.map(() => rest.splice(dice(rest.length), 1)[0]!)
}

export const tellStrike = (strike: Strike): string =>
  'ms' in strike ? `${strike.kind} ${strike.part} for ${strike.ms} ms` : `${strike.kind} ${strike.part}`
