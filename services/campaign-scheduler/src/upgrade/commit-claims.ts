import type { Queryable } from '@sluice/sql'
import { admitClaim } from '@sluice/rollout'
import { type Parts, toTime } from '../parts.ts'
import { type AttemptRow, insertAttempts, openAttempts } from '../store/attempts.ts'
import { type CampaignRow, lockCampaigns } from '../store/campaigns.ts'
import { lockGlobalCap } from '../store/tallies.ts'
import { type UpgradeRow, lockUpgrades } from '../store/upgrades.ts'
import { backupStep } from './backup-step.ts'
import type { Claim, ClaimReply } from './claim.ts'
import { type Move, type UpgradeFact, moveUpgrades } from './move.ts'
import { type Situation, claimSituation, countStart, readSituation } from './situation.ts'
import { watchOf } from './watch.ts'

export interface Offer {
  readonly kind: 'offer'
  readonly claim: Claim
  /** The upgrade after the offer. */
  readonly row: UpgradeRow
  readonly campaign: CampaignRow
  readonly attemptId: string
}

/** Nothing was committed: the device has to put a backup first. */
export interface BackupFirst {
  readonly kind: 'backup'
  readonly row: UpgradeRow
  readonly campaign: CampaignRow
}

export interface Committed {
  readonly results: readonly (Offer | BackupFirst | { readonly kind: 'answer'; readonly answer: ClaimReply })[]
  readonly moves: readonly Move[]
}

/** What one claim leads to, before the devices are taken. */
type Verdict =
  | { readonly kind: 'go'; readonly attemptId: string }
  | { readonly kind: 'answer'; readonly answer: ClaimReply }
  | { readonly kind: 'backup' }
  | { readonly kind: 'withdraw'; readonly reason: 'skipped' | 'superseded'; readonly detail: string }

/**
 * Decides a batch of claims in one transaction. Locks in the order of everybody: upgrades, campaigns (whose caps are
 * theirs), the global cap, devices. What is committed here is exact on any number of replicas.
 */
export async function commitClaims(parts: Parts, tx: Queryable, claims: readonly Claim[]): Promise<Committed> {
  const now = parts.clock.now()
  const rows = await lockUpgrades(tx, [...new Set(claims.map((claim) => claim.upgradeId))])
  const campaigns = await lockCampaigns(tx, [...new Set(rows.map((row) => row.campaignId))])
  if (parts.settings.globalCaps !== null) await lockGlobalCap(tx)
  const situation = await readSituation(parts, tx, rows, campaigns, now)

  const verdicts = new Map<string, Verdict>()
  for (const claim of claims) {
    if (verdicts.has(claim.upgradeId)) continue
    verdicts.set(claim.upgradeId, judge(parts, situation, claim, now))
  }
  const taken = await takeDevices(parts, tx, situation, verdicts, now)
  const facts = factsOf(parts, claims, verdicts, taken, now)
  const moves = await moveUpgrades(parts, tx, rows, situation.campaigns, facts)
  const after = new Map(moves.map((move) => [move.after.upgradeId, move.after]))

  const answeredOnce = new Set<string>()
  const results = claims.map((claim) => {
    const isFirst = !answeredOnce.has(claim.upgradeId)
    answeredOnce.add(claim.upgradeId)
    const row = after.get(claim.upgradeId) ?? situation.rows.get(claim.upgradeId)
    return resultOf(parts, situation, claim, verdicts.get(claim.upgradeId)!, row, taken, isFirst, now)
  })
  return { results, moves }
}

function judge(parts: Parts, situation: Situation, claim: Claim, now: number): Verdict {
  const row = situation.rows.get(claim.upgradeId)
  const campaign = row && situation.campaigns.get(row.campaignId)
  if (row === undefined || campaign === undefined || row.deviceKey !== claim.deviceKey) {
    return { kind: 'answer', answer: { kind: 'gone', reason: 'unknown_upgrade' } }
  }
  const answer = admitClaim(claimSituation(parts, situation, row, campaign, claim.softwareVersion, now))
  if (answer.kind === 'go') {
    const rival = situation.rivals.get(row.deviceKey)?.find((other) => other.weight > campaign.policy.weight)
    if (rival !== undefined) return { kind: 'withdraw', reason: 'superseded', detail: rival.campaignId }
    const backup = backupStep(campaign.policy.backup, situation.backups.get(row.upgradeId), now)
    if (backup.kind === 'ask') return { kind: 'backup' }
    if (backup.kind === 'wait') {
      return { kind: 'answer', answer: { kind: 'not_before', at: toTime(backup.until), reason: 'backup' } }
    }
    countStart(situation, campaign)
    return { kind: 'go', attemptId: parts.ids.attempt() }
  }
  if (answer.kind === 'not_before') {
    return { kind: 'answer', answer: { kind: 'not_before', at: toTime(answer.at), reason: answer.reason } }
  }
  if (answer.withdraw !== null) return { kind: 'withdraw', reason: answer.withdraw, detail: answer.reason }
  if (answer.reason === 'model_blocked') return { kind: 'withdraw', reason: 'skipped', detail: answer.reason }
  return { kind: 'answer', answer: { kind: 'gone', reason: answer.reason } }
}

/** One open attempt per device is a primary key: whoever does not get the row does not get the device. */
async function takeDevices(
  parts: Parts,
  tx: Queryable,
  situation: Situation,
  verdicts: ReadonlyMap<string, Verdict>,
  now: number,
): Promise<Set<string>> {
  const wanted = [...verdicts].flatMap(([upgradeId, verdict]): AttemptRow[] => {
    if (verdict.kind !== 'go') return []
    const { campaignId, deviceKey } = situation.rows.get(upgradeId)!
    return [{ attemptId: verdict.attemptId, upgradeId, campaignId, deviceKey, offeredAt: now }]
  })
  const taken = await openAttempts(tx, wanted)
  await insertAttempts(
    tx,
    wanted.filter(({ attemptId }) => taken.has(attemptId)),
  )
  return taken
}

function factsOf(
  parts: Parts,
  claims: readonly Claim[],
  verdicts: ReadonlyMap<string, Verdict>,
  taken: ReadonlySet<string>,
  at: number,
): UpgradeFact[] {
  const first = new Map(claims.toReversed().map((claim) => [claim.upgradeId, claim]))
  return [...verdicts].flatMap(([upgradeId, verdict]): UpgradeFact[] => {
    const claim = first.get(upgradeId)!
    const actor = `device:${claim.deviceKey}`
    const id = parts.ids.observation()
    if (verdict.kind === 'withdraw') {
      const { reason, detail } = verdict
      return [{ upgradeId, actor, fact: { id, at, kind: 'withdrawn', reason, detail } }]
    }
    if (verdict.kind !== 'go' || !taken.has(verdict.attemptId)) return []
    const { softwareVersion: fromVersion, snapshot: snapshotBefore, slowness } = claim
    const { attemptId } = verdict
    return [
      {
        upgradeId,
        actor,
        fact: {
          id,
          at,
          kind: 'claim_committed',
          attemptId,
          fromVersion,
          snapshotBefore,
          ...(slowness && { slowness }),
        },
      },
    ]
  })
}

function resultOf(
  parts: Parts,
  situation: Situation,
  claim: Claim,
  verdict: Verdict,
  row: UpgradeRow | undefined,
  taken: ReadonlySet<string>,
  isFirst: boolean,
  now: number,
): Committed['results'][number] {
  const answer = (reply: ClaimReply) => ({ kind: 'answer' as const, answer: reply })
  const campaign = row && situation.campaigns.get(row.campaignId)
  if (row === undefined || campaign === undefined) return answer({ kind: 'gone', reason: 'unknown_upgrade' })
  if (verdict.kind === 'backup') return { kind: 'backup', row, campaign }
  if (verdict.kind === 'withdraw') return answer({ kind: 'gone', reason: verdict.detail })
  if (verdict.kind === 'go' && !taken.has(verdict.attemptId)) {
    const at = toTime(now + parts.settings.askAgainMs)
    return answer({ kind: 'not_before', at, reason: 'held_elsewhere' })
  }
  if (verdict.kind === 'go' && isFirst) return { kind: 'offer', claim, row, campaign, attemptId: verdict.attemptId }
  const isOpenAlready = verdict.kind === 'go' || isAlreadyOffered(verdict)
  const watch = isOpenAlready ? watchOf(row, campaign) : undefined
  if (watch !== undefined) {
    return answer({ kind: 'open', watch, check: row.state === 'offered' || row.state === 'in_doubt' })
  }
  return verdict.kind === 'answer' ? verdict : answer({ kind: 'gone', reason: 'already_offered' })
}

const isAlreadyOffered = (verdict: Verdict): boolean =>
  verdict.kind === 'answer' && verdict.answer.kind === 'gone' && verdict.answer.reason === 'already_offered'
