import type { Snapshot } from './snapshot.ts'

/**
 * Everything learnt about one try. Each field only grows (earliest, latest, first known), so the same
 * facts give the same evidence in any order and any number of times. Times are epoch ms.
 */
export interface Attempt {
  attemptId: string
  offeredAt: number
  fromVersion: string
  /** The device already ran a target version at the offer: the version proves nothing. */
  sameVersion: boolean
  before: Snapshot
  after: AfterReadings

  answered: { status: 0 | 1; at: number } | null
  answerFault: Fault | null
  unansweredAt: number | null
  queueListed: { listed: boolean; at: number } | null
  queueUnsupported: boolean

  firstByteAt: number | null
  lastByteAt: number | null
  refusedByUs: { reason: RefusalReason; at: number } | null

  completedAt: number | null
  transferFault: Fault | null

  /** Boots on the old version, and any boots, since the offer. */
  boots: Span | null
  bootsOnOld: Span | null
  bootstrapAt: number | null

  onOld: Span | null
  /** `sinceAt`: the first report of the target after the last one of another version. */
  onTarget: (Span & { sinceAt: number }) | null
  onOther: (Span & { version: string }) | null

  cancelRequestedAt: number | null
  cancelAnswer: { faultCode: number; at: number } | null

  /** Time our own gateways or file server were down; every deadline moves by it. */
  excusedMs: number
  /** Which timers have run out (set by `time_passed` only). */
  expired: Expiry[]
}

export type RefusalReason = 'stopped' | 'shedding' | 'unauthorized' | 'expired'
export type Expiry = 'answer' | 'report' | 'transfer' | 'return' | 'proof' | 'sentinels'

export interface Span {
  firstAt: number
  lastAt: number
}

export interface Fault {
  faultCode: number
  faultString: string
  at: number
}

export interface AfterReadings {
  /** Per setting the first known digest read on the target version. */
  settings: Record<string, { digest: string; at: number }>
  /** Per sentinel its latest reading on the target version. */
  sentinels: Record<string, { digest: string | null; at: number }>
  wan: { up: boolean | null; at: number } | null
  readAt: number | null
}
