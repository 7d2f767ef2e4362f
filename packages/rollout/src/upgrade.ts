import type { Attempt } from './attempt.ts'

/** What one state holds and nothing else: an open attempt exists only where a device may be working on it. */
export type UpgradeState =
  | { state: 'pending' }
  | { state: OfferedState; attempt: Attempt }
  | { state: 'cancelling'; attempt: Attempt; back: CancellableState }
  /** `late`: the target appeared after this try was closed. Such an upgrade does not hold the device. */
  | { state: 'verifying'; attempt: Attempt; late: boolean }
  | { state: 'retry'; retryAt: number; last: Attempt }
  /** `last` is null when nothing was ever offered. `final`: late facts no longer count. */
  | { state: 'settled'; outcome: Outcome; settledAt: number; final: boolean; last: Attempt | null }

export type CancellableState = 'offered' | 'in_doubt' | 'accepted' | 'transferring'
export type OfferedState = CancellableState | 'returning'
export type StateName = UpgradeState['state']

/** One device in one campaign. Plain JSON; times are epoch ms; `version` is the compare-and-set number. */
export type Upgrade = UpgradeCore & UpgradeState

export interface UpgradeCore {
  upgradeId: string
  campaignId: string
  deviceKey: string
  version: number
  /** The exact SoftwareVersion strings the artifact reports. */
  targetVersions: string[]
  /** The version at the last offer. */
  fromVersion: string | null
  imageBytes: number
  /** `operator`: the image lies on a server that tells us nothing about bytes. */
  hosting: 'ours' | 'operator'
  /** Nobody is done on this version: the next leg follows. */
  steppingStone?: true
  /** Which Download arguments the next attempt uses (9002/9003 in the answer flips it once). */
  downloadArguments: 'usual' | 'other'
  /** The device refused ScheduleDownload: its next attempt is a Download. */
  scheduleRefused?: true
  /** Attempts offered so far. */
  attempts: number
  /** Tries that ended, oldest first. */
  tries: Try[]
  annotations: Annotation[]
  /** When a `time_passed` fact is needed next, epoch ms. Null: never. */
  dueAt: number | null
}

export interface Try {
  attemptId: string
  at: number
  faultCode: number | null
  /** False when the fault was ours, or nobody's: such a try does not count against the device. */
  charged: boolean
  reason: string
}

export type Annotation =
  | 'success_despite_fault'
  | 'no_transfer_complete'
  | 'command_key_unknown'
  | 'settings_unknown'
  | 'settings_changed'
  /** Settings that the upgrade lost were put back: all of them, or some. */
  | 'restored'
  | 'restored_in_part'
  /** Of the check list something could not be read. */
  | 'checks_unknown'
  | 'bootstrap_after_offer'
  | 'reported_late'
  | 'cancel_refused'
  | 'artifact_revoked'

export type TimedOutStage = CancellableState | 'returning' | 'verifying'

export type Outcome =
  | ({ kind: 'verified'; settings: 'preserved' | 'unknown' | 'restored' } & Checked)
  | ({ kind: 'verified_config_lost'; changed: string[]; bootstrap: boolean; restored?: string[] } & Checked)
  | { kind: 'failed'; reason: FailureReason; faultCode: number | null; faultString: string | null }
  | { kind: 'failed'; reason: 'check_failed'; checks: string[]; faultCode: null; faultString: null }
  | { kind: 'rolled_back'; seenTarget: boolean }
  | { kind: 'regressed'; toVersion: string }
  | { kind: 'declined' }
  | { kind: 'timed_out'; stage: TimedOutStage; contact: 'silent' | 'stalled' }
  | { kind: 'skipped'; reason: string }
  | { kind: 'superseded'; reason: string }
  | { kind: 'cancelled'; reason: string }

/** `unknown`: the check list could not be read, or not all of it. */
export interface Checked {
  checks?: 'unknown'
}

export type FailureReason =
  | 'download_refused_by_device'
  | 'download_failed'
  | 'image_rejected'
  | 'install_failed'
  | 'unexpected_version'
  | 'not_provisioned'
  | 'reboot_loop'

export interface UpgradePlan {
  upgradeId: string
  campaignId: string
  deviceKey: string
  targetVersions: string[]
  imageBytes: number
  hosting?: 'ours' | 'operator'
}

export function planUpgrade(plan: UpgradePlan): Upgrade {
  return {
    upgradeId: plan.upgradeId,
    campaignId: plan.campaignId,
    deviceKey: plan.deviceKey,
    version: 1,
    targetVersions: plan.targetVersions,
    fromVersion: null,
    imageBytes: plan.imageBytes,
    hosting: plan.hosting ?? 'ours',
    downloadArguments: 'usual',
    attempts: 0,
    tries: [],
    annotations: [],
    dueAt: null,
    state: 'pending',
  }
}

/** The attempt that holds the device (the primary key "one open attempt per device"), if any. */
export function openAttempt(upgrade: Upgrade): Attempt | null {
  switch (upgrade.state) {
    case 'pending':
    case 'retry':
    case 'settled':
      return null
    case 'verifying':
      return upgrade.late ? null : upgrade.attempt
    case 'offered':
    case 'in_doubt':
    case 'accepted':
    case 'transferring':
    case 'returning':
    case 'cancelling':
      return upgrade.attempt
  }
}

/** Whether gateways should report what this device does. */
export function wantsWatch(upgrade: Upgrade): boolean {
  if (upgrade.state === 'pending') return false
  if (upgrade.state === 'settled') return upgrade.last !== null && !upgrade.final
  return true
}
