import type { Fact, FactBody, Snapshot } from '@sluice/rollout'

/** What becomes of a device, by its number alone: its facts can be told again at any time. */
export type Fate =
  | 'good'
  | 'on_target'
  | 'fault_then_good'
  | 'lost_answer'
  | 'out_of_order'
  | 'rolled_back'
  | 'silent'
  | 'config_lost'
  | 'late'
  | 'regressed'

/** Shares of the fleet, in parts of ten thousand; all others are `good`. Those hurt stay below what stops a gate. */
const SHARES: readonly (readonly [Fate, number])[] = [
  ['on_target', 100],
  ['fault_then_good', 300],
  ['lost_answer', 100],
  ['out_of_order', 300],
  ['rolled_back', 60],
  ['silent', 30],
  ['config_lost', 30],
  ['late', 20],
  ['regressed', 10],
]

export const OLD = '1.0.0'
export const NEW = '2.0.0'
const SECOND = 1_000
const HOUR = 3_600 * SECOND

export function fateOf(device: number, seed: number): Fate {
  let left = hashOf(device, seed) % 10_000
  for (const [fate, share] of SHARES) {
    if (left < share) return fate
    left -= share
  }
  return 'good'
}

/** 32 bits that look random, the same for the same two numbers. */
export function hashOf(device: number, seed: number): number {
  let bits = Math.imul(device ^ Math.imul(seed, 0x9e3779b1), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

export const SNAPSHOT: Snapshot = { settings: { ssid: 'digest' }, sentinels: { key: 'digest' }, wanUp: true }

/** Everything that is seen of a device after an offer, in the order in which it is heard. */
export function factsAfter(
  fate: Fate,
  device: number,
  offer: { readonly attemptId: string; readonly number: number; readonly at: number; readonly soakMs: number },
): Fact[] {
  const { attemptId, number, at, soakMs } = offer
  const jitter = (hashOf(device, number) % 120) * SECOND
  const fact = (ms: number, body: FactBody): Fact => ({ id: '', at: at + ms, ...body })
  const informed = (softwareVersion: string, ...codes: string[]): FactBody => ({
    kind: 'informed',
    softwareVersion,
    events: codes.map((code) => ({ code, commandKey: code.startsWith('M ') ? attemptId : '' })),
  })
  const completed = (faultCode: number): FactBody => ({
    kind: 'transfer_completed',
    commandKey: attemptId,
    faultCode,
    faultString: '',
  })
  const answered = fact(SECOND, { kind: 'download_answered', attemptId, status: 1 })
  const served = [
    fact(20 * SECOND, { kind: 'first_byte_served', attemptId }),
    fact(80 * SECOND + jitter, { kind: 'last_byte_served', attemptId }),
  ]
  const back = 240 * SECOND + jitter
  const booted = [
    fact(back, informed(NEW, '1 BOOT', 'M Download')),
    fact(back + 1, completed(0)),
    fact(back + 2, { kind: 'snapshot_read', ...SNAPSHOT }),
  ]
  const proven = [
    fact(back + soakMs + 5 * SECOND, informed(NEW, '2 PERIODIC')),
    fact(back + soakMs + 5 * SECOND + 1, { kind: 'snapshot_read', ...SNAPSHOT }),
  ]
  const good = [answered, ...served, ...booted, ...proven]

  switch (fate) {
    case 'on_target':
      return []
    case 'fault_then_good':
      return number === 1 ? [answered, served[0]!, fact(60 * SECOND, completed(9010))] : good
    case 'lost_answer':
      return [fact(SECOND, { kind: 'download_unanswered', attemptId }), ...served, ...booted, ...proven]
    case 'out_of_order':
      // Reported late and twice: the file server's facts after the device's, and those once more.
      return [answered, ...booted.toReversed(), ...served, ...booted, ...proven]
    case 'rolled_back':
      return [answered, ...served, fact(back, informed(OLD, '1 BOOT')), fact(back + HOUR, informed(OLD, '2 PERIODIC'))]
    case 'silent':
      return [answered]
    case 'config_lost':
      return [
        answered,
        ...served,
        fact(back, informed(NEW, '0 BOOTSTRAP', '1 BOOT')),
        fact(back + 2, { kind: 'snapshot_read', ...SNAPSHOT, settings: { ssid: 'factory' } }),
        fact(back + soakMs + 5 * SECOND, informed(NEW, '2 PERIODIC')),
        fact(back + soakMs + 5 * SECOND + 1, { kind: 'snapshot_read', ...SNAPSHOT, settings: { ssid: 'factory' } }),
      ]
    case 'late':
      return [answered, ...[...served, ...booted, ...proven].map((one) => ({ ...one, at: one.at + 9 * HOUR }))]
    case 'regressed':
      return [...good, fact(30 * HOUR, informed(OLD, '1 BOOT'))]
    case 'good':
      return good
  }
}
