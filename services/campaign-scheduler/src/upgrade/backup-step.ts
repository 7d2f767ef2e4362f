import type { Policy } from '@sluice/contracts'

/** What is known of the backup before one upgrade, in epoch ms. */
export interface Backup {
  readonly askedAt: number
  readonly receivedAt: number | null
}

export type BackupStep =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ask' }
  | { readonly kind: 'wait'; readonly until: number }

/** Whether a device may be offered its image, or has to put a backup of its configuration first. */
export function backupStep(rule: Policy['backup'], known: Backup | undefined, now: number): BackupStep {
  if (rule === undefined || (known !== undefined && known.receivedAt !== null)) return { kind: 'ready' }
  if (known === undefined) return { kind: 'ask' }
  const until = known.askedAt + rule.waitMs
  if (now < until) return { kind: 'wait', until }
  // It had its time: a wish is given up, a condition is asked for again.
  return rule.required ? { kind: 'ask' } : { kind: 'ready' }
}

/** The upload's id, and the CommandKey of Upload: `bk` and the upgrade's ULID. */
export function backupIdOf(upgradeId: string): string {
  return `bk${upgradeId.slice('upg_'.length)}`
}

export function upgradeOfBackup(uploadId: string): string | null {
  return uploadId.startsWith('bk') ? `upg_${uploadId.slice(2)}` : null
}
