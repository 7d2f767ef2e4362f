import type { CounterClass } from '@sluice/rollout'

/** What is kept of a device that nothing is under way for: 19 bytes. All else follows from its number. */
export interface CompactFleet {
  readonly size: number
  readonly wave: Uint8Array
  /** Index into `CLASSES`. */
  readonly countsAs: Uint8Array
  /** How often it was offered; the offers' times are in s since the start. */
  readonly offers: Uint8Array
  readonly firstOffer: Uint32Array
  readonly secondOffer: Uint32Array
  /** Devices in the order in which they are in touch after their wave opens, wave by wave. */
  readonly byContact: Uint32Array
  /** When a device of `byContact` is in touch, in s since its wave opened. */
  readonly contact: Uint32Array
}

export const CLASSES = [
  'pending',
  'in_flight',
  'unproven',
  'success',
  'config_lost',
  'hard',
  'silent',
  'stalled',
  'benign',
] as const satisfies readonly CounterClass[]

export const classIndex = (name: CounterClass): number => CLASSES.indexOf(name)

export function createFleet(size: number): CompactFleet {
  return {
    size,
    wave: new Uint8Array(size),
    countsAs: new Uint8Array(size),
    offers: new Uint8Array(size),
    firstOffer: new Uint32Array(size),
    secondOffer: new Uint32Array(size),
    byContact: new Uint32Array(size),
    contact: new Uint32Array(size),
  }
}

/** Sorts devices by wave, and within it by when they are in touch; answers where each wave begins, and at last the end. */
export function orderByContact(
  { size, wave, byContact, contact }: CompactFleet,
  waves: number,
  contactOf: (device: number) => number,
): number[] {
  const starts = Array.from({ length: waves + 1 }, () => 0)
  for (const one of wave) starts[one + 1]! += 1
  for (let one = 0; one < waves; one += 1) starts[one + 1]! += starts[one]!
  const next = starts.slice()
  for (let device = 0; device < size; device += 1) byContact[next[wave[device]!]!++] = device
  for (let one = 0; one < waves; one += 1) {
    const [from, to] = [starts[one]!, starts[one + 1]!]
    // One number for time and device sorts natively, without a comparison of ours.
    const keys = Float64Array.from(
      byContact.subarray(from, to),
      (device) => Math.floor(contactOf(device)) * DEVICES + device,
    )
    keys.sort().forEach((key, index) => {
      byContact[from + index] = key % DEVICES
      contact[from + index] = Math.floor(key / DEVICES)
    })
  }
  return starts
}

const DEVICES = 2 ** 24
