import { createHash } from 'node:crypto'
import { deviceKeyOf } from '@sluice/contracts'
import type { Chain, DeviceLine, History, JournalRow } from './history.ts'

const CAMPAIGN = 'cmp_1'
const SCHEDULER = 'service:campaign-scheduler'

/** For tests of the checks: a campaign of four devices in two waves in which nothing went wrong but what the devices say. */
export function honestHistory(): History {
  const rows: JournalRow[] = []
  const lines = new Map<string, DeviceLine[]>()
  const stands = new Map<string, { state: string; countsAs: string; version: number }>()
  const counters: Record<string, number> = { ...none, pending: 4 }

  const write = (kind: string, data: object, more: Partial<JournalRow> = {}) => {
    const seq = rows.length + 1
    rows.push({ ...empty, seq, at: seq * 1_000, actor: SCHEDULER, kind, campaignId: CAMPAIGN, data, ...more })
  }
  const move = (n: number, fact: object, to: string, countsAs: string, outcome?: object) => {
    const upgradeId = `upg_${n}`
    const { state: from, countsAs: countedAs, version } = stands.get(upgradeId) ?? waiting
    stands.set(upgradeId, { state: to, countsAs, version: version + 1 })
    counters[countedAs]!--
    counters[countsAs]!++
    const place = to === 'offered' ? { site: 'street', zone: 'Europe/Berlin' } : {}
    const said = { fact, wave: n <= 2 ? 1 : 2, from, to, countedAs, countsAs, version: version + 1, ...place }
    write('upgrade.moved', outcome ? { ...said, outcome } : said, {
      upgradeId,
      deviceKey: keyOf(n),
      actor: `device:${keyOf(n)}`,
    })
  }
  const device = (n: number, what: string, more: Partial<DeviceLine> = {}) => {
    const line = { at: new Date(rows.length * 1_000 + 1).toISOString(), deviceName: `02A1B2-Box-${n}`, what, ...more }
    lines.set(keyOf(n), [...(lines.get(keyOf(n)) ?? []), line])
  }
  const offer = (n: number) => {
    move(n, { kind: 'claim_committed', attemptId: `fw${n}` }, 'offered', 'in_flight')
    device(n, 'download_received', { commandKey: `fw${n}` })
    device(n, 'flashed', { commandKey: `fw${n}`, version: '2' })
    move(n, { kind: 'informed' }, 'verifying', 'unproven')
  }
  const wire = () => {
    const { in_flight: inFlight, config_lost: configLost, ...rest } = counters
    return { ...rest, inFlight: inFlight!, configLost: configLost! }
  }

  write('campaign.created', { policy, approvalNeeded: ['size'] }, { actor: 'operator:eve' })
  write('campaign.approved', { neededBecause: ['size'] }, { actor: 'operator:adam' })
  write('campaign.planned', { size: 4, waves: [1, 2].map((wave) => ({ wave, size: 2 })) })
  write('campaign.moved', { from: 'ready', to: 'running', reason: null, counters: wire() }, { actor: 'operator:eve' })
  write('campaign.wave_opened', { wave: 1, size: 2, reason: 'started', counters: wire() }, { actor: 'operator:eve' })
  offer(1)
  move(1, { kind: 'time_passed' }, 'verified', 'success', { kind: 'verified' })
  offer(2)
  move(2, { kind: 'time_passed' }, 'verified', 'success', { kind: 'verified' })
  write('campaign.wave_opened', { wave: 2, size: 2, reason: 'wave 1 has passed its gate', counters: wire() })
  offer(3)
  device(3, 'fell_back')
  move(3, { kind: 'informed' }, 'rolled_back', 'hard', { kind: 'rolled_back' })
  write('campaign.moved', { from: 'running', to: 'paused', reason: 'wave 2 stops the campaign', counters: wire() })
  move(4, { kind: 'withdrawn' }, 'cancelled', 'benign', { kind: 'cancelled' })
  device(4, 'booted')

  const outcomes = { verified: 2, rolled_back: 1, cancelled: 1 }
  return {
    rows,
    chains: [sealed(rows)],
    devices: lines,
    reported: {
      campaigns: [{ campaignId: CAMPAIGN, state: 'paused', size: 4, counters: wire(), outcomes }],
      upgrades: [...stands].map(([upgradeId, { state }]) => ({
        upgradeId,
        campaignId: CAMPAIGN,
        artifactId: IMAGE.artifactId,
        state,
      })),
      artifacts: [IMAGE],
    },
    underWay: 0,
    // All of it is one campaign.
    capsOfAll: { inFlight: 1, unproven: 2, startsPerMinute: 3, perSiteInFlight: 1 },
  }
}

export const keyOf = (n: number): string => deviceKeyOf({ oui: '02A1B2', productClass: 'Box', serialNumber: String(n) })

const policy = {
  waves: [{ advance: 'auto' }, { advance: 'auto' }],
  // A megabyte is gone in 80 ms.
  caps: { inFlight: 1, unproven: 2, perSite: { inFlight: 1 }, egressBitsPerSecond: 100_000_000 },
  // It all happens in the first minute of 1970, a Thursday, when it is one o'clock there.
  windows: [{ zone: 'UTC', days: [4], from: '01:00', to: '02:00' }],
  freeze: [{ from: '1970-01-02T00:00:00Z', to: '1970-01-03T00:00:00Z' }],
  // Three quarters of an hour have to fit.
  timers: { minTransferMs: 15 * 60_000, slowestBitsPerSecond: 128_000, flashMs: 30 * 60_000 },
  gate: { minSettled: 1, successThreshold: 0.9, failureThreshold: 0.5, limits: {} },
  configLossDeclared: false,
}

const IMAGE = { artifactId: 'art_1', size: 100_000 }

const waiting = { state: 'pending', countsAs: 'pending', version: 1 }
const none = {
  pending: 0,
  in_flight: 0,
  unproven: 0,
  success: 0,
  config_lost: 0,
  hard: 0,
  silent: 0,
  stalled: 0,
  benign: 0,
}
const empty = { direction: 'note', upgradeId: null, attemptId: null, deviceKey: null }

/** Two batches, and one row that still waits. */
function sealed(rows: readonly JournalRow[]): Chain {
  const columns = new Map(rows.map((row) => [row.seq, [row.seq, row.kind, { b: 1, a: 2 }] as const]))
  const hashOf = (previous: string, seqs: readonly number[]) => {
    const text = seqs.map((seq) => `\n[${seq},${JSON.stringify(rows[seq - 1]!.kind)},{"a":2,"b":1}]`).join('')
    return createHash('sha256')
      .update(previous + text)
      .digest('hex')
  }
  const seqs = rows.map((row) => row.seq)
  const zero = '0'.repeat(64)
  const first = { number: 1, seqs: seqs.slice(0, 5), previousHash: zero, hash: hashOf(zero, seqs.slice(0, 5)) }
  const rest = seqs.slice(5, -1)
  const second = { number: 2, seqs: rest, previousHash: first.hash, hash: hashOf(first.hash, rest) }
  return { schema: 'scheduler', rows: columns, batches: [first, second], unsealed: seqs.slice(-1) }
}
