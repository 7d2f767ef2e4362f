import type { InputOf, OutputOf, Policy, upgradeClaim } from '@sluice/contracts'
import { type TimeWindow, transferMs, windowOffsets } from '@sluice/rollout'
import type { UpgradeRow } from '../store/upgrades.ts'
import { type WordOfDevices, schedulesNot } from './lessons.ts'

type Go = Extract<OutputOf<typeof upgradeClaim>, { kind: 'go' }>
type Claim = Pick<InputOf<typeof upgradeClaim>, 'takesScheduleDownload'>

/** The windows are the device's own to keep. */
export function isScheduled({ delivery }: Policy, claim: Claim, row: UpgradeRow, word: WordOfDevices): boolean {
  if (delivery?.method !== 'schedule_download' || claim.takesScheduleDownload !== true) return false
  return row.machine.scheduleRefused !== true && !schedulesNot(word, row)
}

/** Download asks nobody: where the subscriber has to agree, it is no way out. */
export function needsConfirmation({ delivery }: Policy): boolean {
  return delivery?.method === 'schedule_download' && delivery.mode === 'confirmation_needed'
}

/** DelaySeconds of Download; windows come instead of it. In ms. */
export const delayOf = ({ delivery }: Pick<Policy, 'delivery'>): number => (delivery?.delaySeconds ?? 0) * 1_000

/**
 * Until when the device may still come for a piece of the image, epoch ms: what its credentials have to last for. From
 * the end of its delay or its last window it may be late, miss a session, and take as long as the slowest line that is
 * waited for, broken off and resumed. `leastMs` after its begin in any case.
 */
export function fetchesUntil(
  policy: Pick<Policy, 'timers' | 'delivery'>,
  imageBytes: number,
  windows: readonly TimeWindow[] | null,
  { now, leastMs }: { readonly now: number; readonly leastMs: number },
): number {
  const { firstReportMs, sessionRetryMs, minTransferMs, slowestBitsPerSecond } = policy.timers
  const transfer = Math.max(minTransferMs, transferMs(imageBytes, slowestBitsPerSecond))
  const begins = windows?.at(-1)?.to ?? now + delayOf(policy)
  return begins + Math.max(leastMs, firstReportMs + sessionRetryMs + transfer)
}

const MODES = {
  at_any_time: '1 At Any Time',
  immediately: '2 Immediately',
  when_idle: '3 When Idle',
  confirmation_needed: '4 Confirmation Needed',
} as const

/** What a `go` says of how the device is told, beside where it fetches the image. */
export function deliveryOf(
  { delivery = { method: 'download' } }: Policy,
  windows: readonly TimeWindow[] | null,
  download: Go['download'],
  now: number,
): Pick<Go, 'download' | 'delaySeconds' | 'successUrl' | 'failureUrl' | 'schedule'> {
  const { targetFileName = download.targetFileName, successUrl, failureUrl, mode, userMessage = '' } = delivery
  const named = { download: { ...download, targetFileName } }
  if (windows !== null) {
    // How often it tries within a window is the device's own matter; how often it is asked, ours.
    const rules = { mode: MODES[mode ?? 'at_any_time'], userMessage, maxRetries: -1 }
    return {
      ...named,
      delaySeconds: 0,
      schedule: windowOffsets(windows, now).map((window) => ({ ...window, ...rules })),
    }
  }
  return {
    ...named,
    delaySeconds: delivery.delaySeconds ?? 0,
    ...(successUrl !== undefined && { successUrl }),
    ...(failureUrl !== undefined && { failureUrl }),
  }
}
