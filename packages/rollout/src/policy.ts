/** The rules of a campaign. Durations in ms, ratios from 0 to 1. */
export interface Policy {
  waves: Wave[]
  gate: GatePolicy
  caps: {
    inFlight: number
    unproven: number
    startsPerMinute?: number
    perSite?: { inFlight: number; unproven?: number }
    egressBitsPerSecond?: number
  }
  timers: Timers
  retries: { maxAttempts: number; backoffMs: number; nextDayMs: number }
  windows?: Window[]
  /** RFC 3339 instants between which nothing starts, nor what would not end before. */
  freeze?: { from: string; to: string }[]
  /** A plain Download may begin an hour late (TR-069 3.7.2.4): its margin before a window ends, or a freeze begins, has that, too. */
  strictWindows?: boolean
  /** Higher supersedes what is not yet offered. */
  weight: number
  allowSameVersion: boolean
  /** The campaign announced that settings are lost: no limit applies to it. */
  configLossDeclared: boolean
  /** After 10.a: what was kept of the settings is put back. */
  restoreSettings?: boolean
  /** False: the model's check list is left alone. */
  checkAfterSoak?: boolean
  /** So many boots within a soak time, beyond the first, are a loop. Default 3. */
  rebootLoopBoots?: number
  delivery?: {
    /** Of Download: what it has to wait before it begins comes before all its timers. */
    delaySeconds?: number
  }
  /** ScheduleDownload asks the subscriber first: 9020 then means declined. */
  confirmation?: boolean
}

export interface Wave {
  size: { count: number } | { percent: number } | { devices: string[] }
  /** The gate has to pass in any case; `manual`: and a person agrees; `afterMs`: and so long after it opened. */
  advance: 'auto' | 'manual' | { afterMs: number }
}

export interface GatePolicy {
  minSettled: number
  successThreshold: number
  failureThreshold: number
  onFailure: 'pause' | 'abort'
  soakMs: number
  /** Who has not shown up so long after the wave opened is not waited for; default 7 days. */
  absentAfterMs?: number
  /** Nobody is overdue before this; default 10 min. */
  minOverdueMs?: number
  /** Absolute numbers of devices, except `configLost`, a ratio of the settled. */
  limits: { hard?: number; silent?: number; configLost?: number; stalled?: number; overdue?: number }
}

export interface Timers {
  answerMs: number
  firstReportMs: number
  sessionRetryMs: number
  minTransferMs: number
  slowestBitsPerSecond: number
  flashMs: number
  soakMs: number
  sentinelMs: number
  graceMs: number
  finalMs: number
}

/** Subscriber-local hours in an IANA zone. `to` at or before `from` runs past midnight. */
export interface Window {
  zone: string
  days?: Weekday[]
  from: string
  to: string
}

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

export const defaultPolicy: Policy = {
  waves: [
    { size: { percent: 1 }, advance: 'manual' },
    { size: { percent: 10 }, advance: 'auto' },
    { size: { percent: 100 }, advance: 'auto' },
  ],
  gate: {
    minSettled: 20,
    successThreshold: 0.95,
    failureThreshold: 0.02,
    onFailure: 'pause',
    soakMs: hour,
    limits: { configLost: 0.01, overdue: 50 },
  },
  caps: { inFlight: 1000, unproven: 5000 },
  timers: {
    answerMs: 30 * second,
    firstReportMs: hour,
    sessionRetryMs: 5120 * second,
    minTransferMs: 15 * minute,
    slowestBitsPerSecond: 128_000,
    flashMs: 30 * minute,
    soakMs: 15 * minute,
    sentinelMs: hour,
    graceMs: 10 * minute,
    finalMs: 7 * day,
  },
  retries: { maxAttempts: 3, backoffMs: 10 * minute, nextDayMs: day },
  weight: 500,
  allowSameVersion: false,
  configLossDeclared: false,
}
