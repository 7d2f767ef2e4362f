import type { Policy } from './policy.ts'
import { transferMs } from './stage.ts'
import type { Upgrade } from './upgrade.ts'
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
  /** Another upgrade holds the device. */
  heldElsewhere: boolean
  /** Each cap that applies (campaign, site, global), with what it holds now. */
  caps: readonly { name: 'in_flight' | 'unproven' | 'starts_per_minute'; used: number; limit: number }[]
}

export type ClaimAnswer =
  | { kind: 'go' }
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
  | 'cap_in_flight'
  | 'cap_unproven'
  | 'cap_starts_per_minute'
export type Gone =
  | 'aborted'
  | 'finished'
  | 'already_offered'
  | 'already_settled'
  | 'already_on_target'
  | 'model_blocked'

const minute = 60_000
/** Opening a wave or resuming sends new hints; asking again is only the safety net. */
const askAgainMs = 15 * minute

/** May this device be upgraded now? What is over for good comes first, then what only takes time. */
export function admitClaim(situation: ClaimSituation): ClaimAnswer {
  const { now, upgrade, policy, campaign } = situation
  if (upgrade.state === 'settled') return gone('already_settled')
  if (upgrade.state !== 'pending' && upgrade.state !== 'retry') return gone('already_offered')
  if (campaign === 'aborted' || campaign === 'finished') return gone(campaign)
  if (upgrade.targetVersions.includes(situation.reportedVersion) && !policy.allowSameVersion)
    return gone('already_on_target', 'skipped')
  if (situation.modelBlocked) return gone('model_blocked')

  if (campaign === 'paused') return notBefore(now + askAgainMs, 'paused')
  if (campaign === 'draft') return notBefore(now + askAgainMs, 'not_started')
  if (!situation.waveOpen) return notBefore(now + askAgainMs, 'wave_closed')
  if (upgrade.state === 'retry' && now < upgrade.retryAt) return notBefore(upgrade.retryAt, 'backoff')
  if (situation.heldElsewhere) return notBefore(now + askAgainMs, 'held_elsewhere')
  const window = windowAt(policy, situation.zone, now, windowMarginMs(upgrade.imageBytes, policy))
  if (window.kind === 'closed') return notBefore(window.opensAt ?? now + policy.retries.nextDayMs, 'window')
  const full = situation.caps.find(({ used, limit }) => used >= limit)
  if (full) return notBefore(now + placeAgainMs(policy), `cap_${full.name}`)
  return { kind: 'go' }
}

/** When a full campaign is asked again: a place is held for about as long as a flash, so look within one, and at least every minute. */
function placeAgainMs({ timers }: Policy): number {
  return Math.min(minute, Math.ceil(timers.flashMs / 4))
}

/** What must fit before a window ends: the slowest transfer we allow for, and the flash. Without windows it is not asked. */
export function windowMarginMs(imageBytes: number, { timers, windows }: Policy): number {
  if (!windows || windows.length === 0) return 0
  return Math.max(timers.minTransferMs, transferMs(imageBytes, timers.slowestBitsPerSecond)) + timers.flashMs
}

const gone = (reason: Gone, withdraw: 'skipped' | null = null): ClaimAnswer => ({ kind: 'gone', reason, withdraw })
const notBefore = (at: number, reason: NotYet): ClaimAnswer => ({ kind: 'not_before', at, reason })
