import type { VersionReport } from './version-reports.ts'
import type { CheckReading } from './check-list.ts'
import type { Restored } from './restoring.ts'
import type { Snapshot } from './snapshot.ts'
import type { Outage } from './stand-still.ts'

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
  slowness?: Slowness
  /** DelaySeconds of its Download, in ms. */
  delayMs?: number
  /** The subscriber's IANA zone; absent: the zone each window names. */
  zone?: string
  /** Its windows, where it was told by ScheduleDownload: the first begins at `from`, the last ends at `until`. */
  schedule?: Schedule
  /** The model has a check list, and the campaign wants it gone through after the soak. */
  expectsChecks?: boolean
  /** Settings were kept at the offer, to be put back where the upgrade loses them. */
  keepsSettings?: boolean
  after: AfterReadings
  /** Readings of the check list on the target version, oldest first. */
  checks?: CheckReading[]
  restored?: Restored

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

  /** Boots since the offer, on any version. */
  boots: Span | null
  bootstrapAt: number | null

  /** Which version the device reported when, oldest first; the inside of long runs is left out. */
  reports: VersionReport[]
  onOld: Span | null
  /** `sinceAt`: where the latest unbroken run of reports of the target begins. */
  onTarget: (Span & { sinceAt: number }) | null
  onOther: (Span & { version: string }) | null

  cancelRequestedAt: number | null
  cancelAnswer: { faultCode: number; at: number } | null

  /** When our own gateways or file server were down: the timers stood still. Apart, oldest first. */
  outages: Outage[]
  /** How late it is, as told by `time_passed` only: a deadline has passed when this reached it. */
  clockAt: number | null
  /** TransferComplete came with an empty or foreign CommandKey and was matched as the sole open attempt. */
  commandKeyUnknown: boolean
  revokedAt: number | null
}

export type RefusalReason = 'stopped' | 'shedding' | 'unauthorized' | 'expired'

/** Times of a model, in ms: the longer of these and the policy's hold. */
export interface Slowness {
  answerMs: number
  rebootMs: number
}

export interface Schedule {
  from: number
  until: number
}

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
  /** Per setting the first known digest read on the target version; where settings are put back, the last one too. */
  settings: Record<string, { digest: string; at: number; last?: { digest: string; at: number } }>
  /** Per sentinel its latest reading on the target version. */
  sentinels: Record<string, { digest: string | null; at: number }>
  wan: { up: boolean | null; at: number } | null
  readAt: number | null
}

export function openTry(
  offer: Pick<
    Attempt,
    | 'attemptId'
    | 'offeredAt'
    | 'fromVersion'
    | 'sameVersion'
    | 'before'
    | 'slowness'
    | 'delayMs'
    | 'zone'
    | 'schedule'
    | 'expectsChecks'
    | 'keepsSettings'
  >,
): Attempt {
  return {
    ...offer,
    after: { settings: {}, sentinels: {}, wan: null, readAt: null },
    answered: null,
    answerFault: null,
    unansweredAt: null,
    queueListed: null,
    queueUnsupported: false,
    firstByteAt: null,
    lastByteAt: null,
    refusedByUs: null,
    completedAt: null,
    transferFault: null,
    boots: null,
    bootstrapAt: null,
    reports: [],
    onOld: null,
    onTarget: null,
    onOther: null,
    cancelRequestedAt: null,
    cancelAnswer: null,
    outages: [],
    clockAt: null,
    commandKeyUnknown: false,
    revokedAt: null,
  }
}

/** The last time the device itself was in touch since the offer. */
export function lastContactAt(attempt: Attempt): number | null {
  const times = [attempt.onOld, attempt.onTarget, attempt.onOther].flatMap((span) => (span ? [span.lastAt] : []))
  return times.length === 0 ? null : Math.max(...times)
}
