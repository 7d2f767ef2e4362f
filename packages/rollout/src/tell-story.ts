import type { CheckVerdict } from './check-list.ts'
import type { Effect, Ignored } from './effects.ts'
import type { FactBody } from './facts.ts'
import type { Policy } from './policy.ts'
import { defaultPolicy } from './policy.ts'
import type { Snapshot } from './snapshot.ts'
import { step } from './step.ts'
import type { Upgrade, UpgradePlan } from './upgrade.ts'
import { planUpgrade } from './upgrade.ts'

/** For tests: one device's life told fact by fact, in seconds since the start. */
export interface Story {
  upgrade: Upgrade
  effects: Effect[]
  ignored: Ignored | undefined
  tell(second: number, ...facts: FactBody[]): Story
  /** Lets every timer fire that is due until then. */
  wait(until: number): Story
}

export const first = 'fw00000000000000000000000001'
export const second = 'fw00000000000000000000000002'
export const oldVersion = '1.0'
export const target = '2.0'

/** Round numbers: answer 30 s, report 600 + 100 s, transfer 900 s, flash 300 + 100 s, soak 60 s, sentinels 500 s, grace 50 s. */
export const policy: Policy = {
  ...defaultPolicy,
  timers: {
    answerMs: 30_000,
    firstReportMs: 600_000,
    sessionRetryMs: 100_000,
    minTransferMs: 900_000,
    slowestBitsPerSecond: 128_000,
    flashMs: 300_000,
    soakMs: 60_000,
    sentinelMs: 500_000,
    graceMs: 50_000,
    finalMs: 100_000_000,
  },
}

export const settings: Snapshot = { settings: { ssid: 'aa', password: 'bb' }, sentinels: { mark: 'mm' }, wanUp: true }

export function tellStory(rules: Policy = policy, plan: Partial<UpgradePlan> = {}): Story {
  const story: Story = {
    upgrade: planUpgrade({
      upgradeId: 'upg_1',
      campaignId: 'cmp_1',
      deviceKey: 'dev_1',
      targetVersions: [target],
      imageBytes: 1000,
      ...plan,
    }),
    effects: [],
    ignored: undefined,
    tell(at, ...facts) {
      for (const fact of facts) {
        const answer = step(story.upgrade, { id: `${at}`, at: at * 1000, ...fact }, rules)
        story.upgrade = answer.upgrade
        story.effects.push(...answer.effects)
        story.ignored = answer.ignored
      }
      return story
    },
    wait(until) {
      for (let due = story.upgrade.dueAt; due !== null && due <= until * 1000; due = story.upgrade.dueAt)
        story.tell(due / 1000, { kind: 'time_passed' })
      return story
    },
  }
  return story
}

export const claimed = (
  attemptId = first,
  snapshotBefore: Snapshot | null = null,
  fromVersion = oldVersion,
  more: { hasChecks?: boolean; settingsKept?: boolean; zone?: string } = {},
): FactBody => ({
  kind: 'claim_committed',
  attemptId,
  fromVersion,
  snapshotBefore,
  ...more,
})
export const answered = (status: 0 | 1 = 1, attemptId = first): FactBody => ({
  kind: 'download_answered',
  attemptId,
  status,
})
export const refused = (faultCode: number, attemptId = first): FactBody => ({
  kind: 'download_faulted',
  attemptId,
  faultCode,
  faultString: 'no',
})
export const unanswered: FactBody = { kind: 'download_unanswered', attemptId: first }
export const firstByte = (attemptId = first): FactBody => ({ kind: 'first_byte_served', attemptId })
export const lastByte = (attemptId = first): FactBody => ({ kind: 'last_byte_served', attemptId })
export const completed = (faultCode = 0, commandKey = first): FactBody => ({
  kind: 'transfer_completed',
  commandKey,
  faultCode,
  faultString: faultCode === 0 ? '' : 'no',
})
export const informs = (softwareVersion: string, ...codes: string[]): FactBody => ({
  kind: 'informed',
  softwareVersion,
  events: codes.map((code) => ({ code, commandKey: '' })),
})
export const boots = (softwareVersion: string): FactBody => informs(softwareVersion, '1 BOOT')
export const bootstraps = (softwareVersion: string): FactBody => informs(softwareVersion, '0 BOOTSTRAP', '1 BOOT')
export const bootsAgain = (softwareVersion: string, retryCount: number): FactBody => ({
  kind: 'informed',
  softwareVersion,
  events: [{ code: '1 BOOT', commandKey: '' }],
  retryCount,
})
export const checks = (found: Record<string, CheckVerdict>): FactBody => ({
  kind: 'checks_read',
  attemptId: first,
  checks: found,
})
export const putBack = (names: string[], ...refused: string[]): FactBody => ({
  kind: 'settings_restored',
  attemptId: first,
  names,
  refused: refused.map((name) => ({ name, faultCode: 9008 })),
})
export const reads = (snapshot: Snapshot): FactBody => ({ kind: 'snapshot_read', ...snapshot })
export const cancelAnswered = (faultCode: number): FactBody => ({
  kind: 'cancel_answered',
  attemptId: first,
  faultCode,
})
export const fileServerRefused = (reason: 'stopped' | 'shedding' | 'unauthorized' | 'expired'): FactBody => ({
  kind: 'download_refused',
  attemptId: first,
  reason,
})

/** The device was offered the image, took it whole, and went away to install it at second 100. */
export function installing(
  rules: Policy = policy,
  before: Snapshot | null = null,
  more: { hasChecks?: boolean; settingsKept?: boolean; zone?: string } = {},
): Story {
  return tellStory(rules)
    .tell(0, claimed(first, before, oldVersion, more))
    .tell(1, answered())
    .tell(10, firstByte())
    .tell(100, lastByte())
}

export function outcomeOf({ upgrade }: Story): unknown {
  return upgrade.state === 'settled' ? upgrade.outcome : upgrade.state
}
