import type { History, JournalRow } from './history.ts'

/** A row that tells what a fact did to one upgrade. */
export interface Moved {
  readonly row: JournalRow
  readonly campaignId: string
  readonly upgradeId: string
  readonly deviceKey: string
  readonly fact: {
    readonly kind: string
    readonly attemptId?: string
    /** Of a claim that is told by ScheduleDownload: from when its first window on, and until its last one ends; epoch ms. */
    readonly schedule?: { readonly from: number; readonly until: number }
    /** Of a claim for another leg than was planned. */
    readonly release?: { readonly imageBytes: number }
  }
  readonly wave: number
  readonly from: string
  readonly to: string
  readonly countedAs: string
  readonly countsAs: string
  readonly version: number
  /** Of a claim: where its device stands. */
  readonly site?: string | null
  readonly zone?: string | null
  readonly outcome?: { readonly kind: string; readonly reason?: string; readonly contact?: string }
}

const MOVES = new Set(['upgrade.moved', 'upgrade.learnt'])

/** Rows that moved an upgrade, in order. Facts that were ignored moved none. */
export function movesOf(history: Pick<History, 'rows'>): Moved[] {
  return history.rows.filter(({ kind }) => MOVES.has(kind)).map(toMoved)
}

export function isClaim(moved: Moved): boolean {
  return moved.fact.kind === 'claim_committed'
}

function toMoved(row: JournalRow): Moved {
  const data = row.data as Omit<Moved, 'row' | 'campaignId' | 'upgradeId' | 'deviceKey'>
  return {
    ...data,
    row,
    campaignId: row.campaignId ?? '',
    upgradeId: row.upgradeId ?? '',
    deviceKey: row.deviceKey ?? '',
  }
}

/** How large an image each claim was for: where it was for another leg than was planned, its row says that; else it is the one that the API tells of. */
export function imageBytesOf({ reported }: Pick<History, 'reported'>): (claim: Moved) => number {
  const sizes = new Map(reported.artifacts.map(({ artifactId, size }) => [artifactId, size]))
  const bytes = new Map(reported.upgrades.map(({ upgradeId, artifactId }) => [upgradeId, sizes.get(artifactId)]))
  return ({ upgradeId, fact }) => fact.release?.imageBytes ?? bytes.get(upgradeId) ?? 0
}

/** Upgrades that came into a campaign after it was planned: next legs, late joiners. */
export interface Added {
  readonly row: JournalRow
  readonly campaignId: string
  readonly wave: number
}

export function addedTo(history: Pick<History, 'rows'>, campaignId: string): Added[] {
  return history.rows
    .filter((row) => row.kind === 'upgrade.planned' && row.campaignId === campaignId)
    .map((row) => ({ row, campaignId, wave: (row.data as { wave: number }).wave }))
}

/** What a campaign was told to be, as its first rows say. */
export interface Plan {
  readonly campaignId: string
  readonly size: number
  readonly waves: readonly { readonly wave: number; readonly size: number }[]
  readonly policy: {
    readonly waves: readonly { readonly advance: string | { readonly afterMs: number } }[]
    readonly caps: {
      readonly inFlight: number
      readonly unproven: number
      readonly startsPerMinute?: number
      readonly egressBitsPerSecond?: number
      readonly perSite?: { readonly inFlight: number; readonly unproven?: number }
    }
    readonly windows?: readonly PlannedWindow[]
    readonly freeze?: readonly { readonly from: string; readonly to: string }[]
    readonly strictWindows?: boolean
    readonly delivery?: { readonly delaySeconds?: number }
    readonly timers: {
      readonly minTransferMs: number
      readonly slowestBitsPerSecond: number
      readonly flashMs: number
    }
    readonly gate: {
      readonly minSettled: number
      readonly successThreshold: number
      readonly failureThreshold: number
      readonly limits: Readonly<Record<string, number | undefined>>
      /** Somebody outside is asked. */
      readonly external?: object
    }
    readonly configLossDeclared: boolean
  }
}

/** The caps that a campaign had when a row was written: those of its plan, until somebody changed them. */
export function capsWhen(history: Pick<History, 'rows'>): (moved: Moved) => Plan['policy']['caps'] | undefined {
  const planned = plansOf(history)
  const changes = Map.groupBy(
    history.rows.filter(({ kind }) => kind === 'campaign.caps_set'),
    ({ campaignId }) => campaignId,
  )
  return ({ campaignId, row }) => {
    const last = changes.get(campaignId)?.findLast(({ seq }) => seq < row.seq)
    return last === undefined
      ? planned.get(campaignId)?.policy.caps
      : (last.data as { readonly to: Plan['policy']['caps'] }).to
  }
}

export interface PlannedWindow {
  readonly zone: string
  /** 1 is Monday. */
  readonly days?: readonly number[]
  readonly from: string
  readonly to: string
}

export function plansOf(history: Pick<History, 'rows'>): Map<string, Plan> {
  const plans = new Map<string, Plan>()
  for (const { kind, campaignId, data } of history.rows) {
    if (campaignId === null) continue
    if (kind === 'campaign.created') {
      plans.set(campaignId, { campaignId, size: 0, waves: [], policy: (data as Plan).policy })
    }
    const plan = plans.get(campaignId)
    if (kind === 'campaign.planned' && plan !== undefined) {
      const { size, waves } = data as Plan
      plans.set(campaignId, { ...plan, size, waves })
    }
  }
  return plans
}

export type Counts = Record<string, number>

const CLASSES = ['pending', 'in_flight', 'unproven', 'success', 'config_lost', 'hard', 'silent', 'stalled', 'benign']

export function countsOf(size: number): Counts {
  return { ...Object.fromEntries(CLASSES.map((name) => [name, 0])), pending: size }
}

export function addMove(counts: Counts, { countedAs, countsAs }: Moved): void {
  counts[countedAs] = (counts[countedAs] ?? 0) - 1
  counts[countsAs] = (counts[countsAs] ?? 0) + 1
}

/** The API writes two of the classes in camel case. */
export function inJournalWords(counters: Readonly<Record<string, number>>): Counts {
  return Object.fromEntries(
    Object.entries(counters).map(([name, n]) => [name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), n]),
  )
}

export const isOutcome = (state: string): boolean => !OPEN.has(state)

/** States an upgrade can be in without having come to an end. */
const OPEN = new Set([
  'pending',
  'offered',
  'in_doubt',
  'accepted',
  'transferring',
  'returning',
  'verifying',
  'cancelling',
  'retry',
])
/** In these a device may be working on an attempt. */
export const HOLDING = new Set([
  'offered',
  'in_doubt',
  'accepted',
  'transferring',
  'returning',
  'verifying',
  'cancelling',
])
