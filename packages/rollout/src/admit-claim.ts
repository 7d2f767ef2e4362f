import type { NoLeg } from './leg-for.ts'
import type { Policy } from './policy.ts'
import { transferMs } from './stage.ts'
import type { Upgrade } from './upgrade.ts'
import { type TimeWindow, timeWindows } from './time-windows.ts'
import { windowAt } from './window-at.ts'

/** All a claim is decided on. The scheduler reads it and commits the answer in one transaction. */
export interface ClaimSituation {
  now: number
  upgrade: Upgrade
  policy: Policy
  campaign: 'draft' | 'running' | 'paused' | 'aborted' | 'finished'
  waveOpen: boolean
  /** The version the device reported in this session. */
  reportedVersion: string
  /** The subscriber's IANA zone; null: the zone each window names. */
  zone: string | null
  modelBlocked: boolean
  /** Why no leg of the way fits the device as it is now; absent: `upgrade` is what the leg that fits makes of it. */
  noLeg?: NoLeg | null
  /** It is told by ScheduleDownload: then it keeps the windows itself. */
  schedules?: boolean
  /** Another upgrade holds the device. */
  heldElsewhere: boolean
  /** What the windows said to others of this campaign at the same `now`: the calendar is asked once for all alike. */
  windowsSaid?: WindowsSaid | undefined
  /** Each cap that applies (campaign, site, global), with what it holds now. */
  caps: readonly Cap[]
}

/** By zone, image size and how it is told; one for each campaign and `now`. */
export type WindowsSaid = Map<string, WindowsAnswer>

/** `closedUntil` null: open now. `tell`: what to hand to the device with ScheduleDownload; null: nothing, it is told by Download. */
interface WindowsAnswer {
  readonly closedUntil: number | null
  readonly tell: readonly TimeWindow[] | null
}

/**
 * `unproven`: devices in flight count as well, because each of them may be back in a moment and nobody asks then.
 * `egress`: how many ms of the line's budget are given away already, and how many may be.
 */
export interface Cap {
  readonly name: 'in_flight' | 'unproven' | 'site_in_flight' | 'site_unproven' | 'starts_per_minute' | 'egress'
  readonly used: number
  readonly limit: number
}

export type ClaimAnswer =
  /** `windows`: what to hand it with ScheduleDownload. */
  | { kind: 'go'; windows?: readonly TimeWindow[] }
  | { kind: 'not_before'; at: number; reason: NotYet }
  /** `withdraw`: the upgrade itself is over too. */
  | { kind: 'gone'; reason: Gone; withdraw: 'skipped' | null }

export type NotYet =
  | 'paused'
  | 'not_started'
  | 'wave_closed'
  | 'backoff'
  | 'held_elsewhere'
  | 'window'
  | `cap_${Cap['name']}`
export type Gone = 'aborted' | 'finished' | 'already_offered' | 'already_settled' | NoLeg | 'model_blocked'

const minute = 60_000
/** Opening a wave or resuming sends new hints; asking again is only the safety net. */
const askAgainMs = 15 * minute
/** While no window is near enough to be told of. */
const untoldMs = 60 * minute

/** May this device be upgraded now? What is over for good comes first, then what only takes time. */
export function admitClaim(situation: ClaimSituation): ClaimAnswer {
  const { now, upgrade, policy, campaign } = situation
  if (upgrade.state === 'settled') return gone('already_settled')
  if (upgrade.state !== 'pending' && upgrade.state !== 'retry') return gone('already_offered')
  if (campaign === 'aborted' || campaign === 'finished') return gone(campaign)
  if (upgrade.targetVersions.includes(situation.reportedVersion) && !policy.allowSameVersion)
    return gone('already_on_target', 'skipped')
  if (situation.noLeg) return gone(situation.noLeg, 'skipped')
  if (situation.modelBlocked) return gone('model_blocked')

  if (campaign === 'paused') return notBefore(now + askAgainMs, 'paused')
  if (campaign === 'draft') return notBefore(now + askAgainMs, 'not_started')
  if (!situation.waveOpen) return notBefore(now + askAgainMs, 'wave_closed')
  if (upgrade.state === 'retry' && now < upgrade.retryAt) return notBefore(upgrade.retryAt, 'backoff')
  if (situation.heldElsewhere) return notBefore(now + askAgainMs, 'held_elsewhere')
  const { closedUntil: closed, tell: windows } = askWindows(situation)
  if (closed !== null) return notBefore(closed, 'window')
  const full = situation.caps.find(({ used, limit }) => used >= limit)
  if (full) return notBefore(now + placeAgainMs(policy), `cap_${full.name}`)
  return { kind: 'go', ...(windows && { windows }) }
}

function askWindows(situation: ClaimSituation): WindowsAnswer {
  const { zone, upgrade, schedules, windowsSaid } = situation
  const alike = JSON.stringify([zone, upgrade.imageBytes, schedules === true])
  const said = windowsSaid?.get(alike)
  if (said !== undefined) return said
  const answer = readWindows(situation)
  windowsSaid?.set(alike, answer)
  return answer
}

function readWindows(situation: ClaimSituation): WindowsAnswer {
  if (situation.schedules !== true) return { closedUntil: closedUntil(situation), tell: null }
  const tell = windowsToTell(situation)
  return { closedUntil: tell.length === 0 ? situation.now + untoldMs : null, tell }
}

/** Outside of every window of a plain Download, until then. */
function closedUntil({ now, policy, zone, upgrade }: ClaimSituation): number | null {
  const window = windowAt(policy, zone, now, windowMarginMs(upgrade.imageBytes, policy))
  return window.kind === 'open' ? null : (window.opensAt ?? now + policy.retries.nextDayMs)
}

function windowsToTell({ now, policy, zone, upgrade }: ClaimSituation): readonly TimeWindow[] {
  return timeWindows(policy, zone, now, windowMarginMs(upgrade.imageBytes, policy, 'schedule_download'))
}

/** When a full campaign is asked again: a place is held for about as long as a flash, so look within one, and at least every minute. */
function placeAgainMs({ timers }: Policy): number {
  return Math.min(minute, Math.ceil(timers.flashMs / 4))
}

/** A CPE may begin a plain Download so long after it was told (TR-069 3.7.2.4). */
const lateStartMs = 60 * minute

/**
 * What must fit before a window ends, or a freeze begins: DelaySeconds, the slowest transfer we allow for, and the flash; where
 * windows are strict, also the hour a device may let pass before it begins. One that keeps windows itself starts when they begin:
 * no delay, and no late start, is ours to reckon with.
 */
export function windowMarginMs(
  imageBytes: number,
  { timers, strictWindows, delivery }: Pick<Policy, 'timers' | 'strictWindows' | 'delivery'>,
  method: 'download' | 'schedule_download' = 'download',
): number {
  const work = Math.max(timers.minTransferMs, transferMs(imageBytes, timers.slowestBitsPerSecond)) + timers.flashMs
  if (method === 'schedule_download') return work
  return work + (delivery?.delaySeconds ?? 0) * 1000 + (strictWindows === true ? lateStartMs : 0)
}

const gone = (reason: Gone, withdraw: 'skipped' | null = null): ClaimAnswer => ({ kind: 'gone', reason, withdraw })
const notBefore = (at: number, reason: NotYet): ClaimAnswer => ({ kind: 'not_before', at, reason })
