import type { Queryable } from '@sluice/sql'
import { type FactBody, type TimeWindow, admitClaim } from '@sluice/rollout'
import { type Parts, toTime } from '../parts.ts'
import { type AttemptRow, insertAttempts, openAttempts } from '../store/attempts.ts'
import { type CampaignRow, lockCampaigns } from '../store/campaigns.ts'
import { type KeptRow, keepSettings } from '../store/kept-settings.ts'
import { lockGlobalCap } from '../store/tallies.ts'
import { type UpgradeRow, lockUpgrades } from '../store/upgrades.ts'
import { heldUntil } from './after-restore.ts'
import { backupStep } from './backup-step.ts'
import { countStart, noteStarts } from './caps.ts'
import type { Claim, ClaimReply } from './claim.ts'
import { delayOf, needsConfirmation } from './delivery.ts'
import { knownZone } from './known-zone.ts'
import { type LegAtClaim, isPlannedFor, isReleaseOver, legAtClaim } from './leg-at-claim.ts'
import { argumentsTaken } from './lessons.ts'
import { type Move, type UpgradeFact, moveUpgrades } from './move.ts'
import { mayTake } from './rivals.ts'
import { type Situation, claimSituation, readSituation } from './situation.ts'
import { watchOf } from './watch.ts'

export interface Offer {
  readonly kind: 'offer'
  readonly claim: Claim
  /** The upgrade after the offer. */
  readonly row: UpgradeRow
  readonly campaign: CampaignRow
  readonly attemptId: string
  /** Told by ScheduleDownload with these; null: by Download. */
  readonly windows: readonly TimeWindow[] | null
  /** What it rests on, where that is asked for. */
  readonly releaseId: string | undefined
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

interface Going {
  readonly kind: 'go'
  readonly attemptId: string
  readonly windows: readonly TimeWindow[] | null
  readonly releaseId: string | undefined
  /** What it is offered, and how, beyond what was planned. */
  readonly terms: Pick<ClaimFact, 'release' | 'delayMs' | 'zone' | 'schedule' | 'downloadArguments'>
}

type ClaimFact = Extract<FactBody, { kind: 'claim_committed' }>

/** What one claim leads to, before the devices are taken. */
type Verdict =
  | Going
  | { readonly kind: 'answer'; readonly answer: ClaimReply }
  | { readonly kind: 'backup' }
  | { readonly kind: 'withdraw'; readonly reason: 'skipped' | 'superseded'; readonly detail: string }

/**
 * Decides a batch of claims in one transaction. Locks in the order of everybody: upgrades, campaigns (whose caps are
 * theirs), the global cap, devices. What is committed here is exact on any number of replicas.
 */
export async function commitClaims(parts: Parts, tx: Queryable, claims: readonly Claim[]): Promise<Committed> {
  const rows = await lockUpgrades(tx, [...new Set(claims.map((claim) => claim.upgradeId))])
  const campaigns = await lockCampaigns(tx, [...new Set(rows.map((row) => row.campaignId))])
  if (parts.settings.globalCaps !== null) await lockGlobalCap(tx)
  // Who waited for the locks is judged by the time it got them: a freeze may have begun, a window may be over.
  const now = parts.clock.now()
  const versions = claims.map((claim) => claim.softwareVersion)
  const situation = await readSituation(parts, tx, rows, campaigns, versions, now)

  const verdicts = new Map<string, Verdict>()
  for (const claim of claims) {
    if (verdicts.has(claim.upgradeId)) continue
    verdicts.set(claim.upgradeId, judge(parts, situation, claim, now))
  }
  const taken = await takeDevices(parts, tx, situation, verdicts, now)
  const facts = factsOf(parts, claims, verdicts, taken, now)
  const moves = await moveUpgrades(parts, tx, rows, situation.campaigns, facts)
  await keepSettings(tx, keptBy(situation, claims, verdicts, taken, now))
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
  const answer = admitClaim(claimSituation(parts, situation, row, campaign, claim, now))
  if (answer.kind === 'go') {
    const held = heldUntil(parts.settings, now)
    if (held !== null) return { kind: 'answer', answer: { kind: 'not_before', at: toTime(held), reason: 'restored' } }
    const leg = legAtClaim(row, campaign, claim, situation.counters)
    if (isReleaseOver(leg, now)) {
      const at = toTime(now + parts.settings.askAgainMs)
      return { kind: 'answer', answer: { kind: 'not_before', at, reason: 'release_expired' } }
    }
    const rival = situation.rivals
      .get(row.deviceKey)
      ?.find(
        (other) =>
          other.campaign.policy.weight > campaign.policy.weight &&
          mayTake(other, claim, situation.word, situation.counters),
      )
    if (rival !== undefined) return { kind: 'withdraw', reason: 'superseded', detail: rival.campaign.campaignId }
    if (answer.windows === undefined && needsConfirmation(campaign.policy)) return unasked(parts, claim, now)
    const backup = backupStep(campaign.policy.backup, situation.backups.get(row.upgradeId), now)
    if (backup.kind === 'ask') return { kind: 'backup' }
    if (backup.kind === 'wait') {
      return { kind: 'answer', answer: { kind: 'not_before', at: toTime(backup.until), reason: 'backup' } }
    }
    const windows = answer.windows ?? null
    const terms = termsOf(situation, leg, row, campaign, windows)
    countStart(situation.use, campaign, row, bytesOf(terms, row))
    return {
      kind: 'go',
      attemptId: parts.ids.attempt(),
      windows,
      releaseId: leg.kind === 'leg' ? leg.rests?.releaseId : undefined,
      terms,
    }
  }
  if (answer.kind === 'not_before') {
    return { kind: 'answer', answer: { kind: 'not_before', at: toTime(answer.at), reason: answer.reason } }
  }
  if (answer.withdraw !== null) return { kind: 'withdraw', reason: answer.withdraw, detail: answer.reason }
  if (answer.reason === 'model_blocked') return { kind: 'withdraw', reason: 'skipped', detail: answer.reason }
  return { kind: 'answer', answer: { kind: 'gone', reason: answer.reason } }
}

/** A device that cannot ask its subscriber is left alone, for good where that is known. */
function unasked(parts: Parts, claim: Claim, now: number): Verdict {
  if (claim.takesScheduleDownload === undefined) {
    const at = toTime(now + parts.settings.askAgainMs)
    return { kind: 'answer', answer: { kind: 'not_before', at, reason: 'methods_unknown' } }
  }
  return { kind: 'withdraw', reason: 'skipped', detail: 'cannot_ask_subscriber' }
}

function termsOf(
  { word }: Situation,
  leg: LegAtClaim,
  row: UpgradeRow,
  campaign: CampaignRow,
  windows: readonly TimeWindow[] | null,
): Going['terms'] {
  const delayMs = windows === null ? delayOf(campaign.policy) : 0
  const schedule = windows === null ? undefined : { from: windows[0]!.from, until: windows.at(-1)!.to }
  const downloadArguments = argumentsTaken(word, row)
  const zone = campaign.policy.windows === undefined ? null : knownZone(row.zone)
  return {
    ...(leg.kind === 'leg' && !isPlannedFor(row, campaign, leg.release) && { release: leg.release }),
    ...(delayMs > 0 && { delayMs }),
    ...(zone !== null && { zone }),
    ...(schedule && { schedule }),
    ...(downloadArguments && { downloadArguments }),
  }
}

/** What a go makes the line carry. */
const bytesOf = ({ release }: Going['terms'], { machine }: UpgradeRow): number =>
  release?.imageBytes ?? machine.imageBytes

/** One open attempt per device is a primary key: whoever does not get the row does not get the device. */
async function takeDevices(
  parts: Parts,
  tx: Queryable,
  situation: Situation,
  verdicts: ReadonlyMap<string, Verdict>,
  now: number,
): Promise<Set<string>> {
  const wanted = [...verdicts].flatMap(([upgradeId, verdict]): (AttemptRow & { imageBytes: number })[] => {
    if (verdict.kind !== 'go') return []
    const row = situation.rows.get(upgradeId)!
    const { campaignId, deviceKey } = row
    const imageBytes = bytesOf(verdict.terms, row)
    return [{ attemptId: verdict.attemptId, upgradeId, campaignId, deviceKey, offeredAt: now, imageBytes }]
  })
  const taken = await openAttempts(tx, wanted)
  const started = wanted.filter(({ attemptId }) => taken.has(attemptId))
  await insertAttempts(tx, started)
  await noteStarts(tx, started, situation.campaigns, now)
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
    const { softwareVersion: fromVersion, snapshot: snapshotBefore, slowness, hasChecks, keptSettings } = claim
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
          ...(hasChecks && { hasChecks }),
          ...(keptSettings && { settingsKept: true }),
          ...verdict.terms,
        },
      },
    ]
  })
}

/** Nothing is kept that its campaign would not put back. */
function keptBy(
  situation: Situation,
  claims: readonly Claim[],
  verdicts: ReadonlyMap<string, Verdict>,
  taken: ReadonlySet<string>,
  keptAt: number,
): KeptRow[] {
  const first = new Map(claims.toReversed().map((claim) => [claim.upgradeId, claim]))
  return [...verdicts].flatMap(([upgradeId, verdict]): KeptRow[] => {
    const { campaignId, deviceKey } = situation.rows.get(upgradeId) ?? {}
    const settings = first.get(upgradeId)?.keptSettings
    if (verdict.kind !== 'go' || !taken.has(verdict.attemptId) || deviceKey === undefined) return []
    if (settings === undefined || situation.campaigns.get(campaignId!)?.policy.restoreSettings !== true) return []
    return [{ upgradeId, attemptId: verdict.attemptId, deviceKey, settings, keptAt }]
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
  if (verdict.kind === 'go' && isFirst) {
    const { attemptId, windows, releaseId } = verdict
    return { kind: 'offer', claim, row, campaign, attemptId, windows, releaseId }
  }
  const isOpenAlready = verdict.kind === 'go' || isAlreadyOffered(verdict)
  const watch = isOpenAlready ? watchOf(row, campaign) : undefined
  if (watch !== undefined) {
    return answer({ kind: 'open', watch, check: row.state === 'offered' || row.state === 'in_doubt' })
  }
  return verdict.kind === 'answer' ? verdict : answer({ kind: 'gone', reason: 'already_offered' })
}

const isAlreadyOffered = (verdict: Verdict): boolean =>
  verdict.kind === 'answer' && verdict.answer.kind === 'gone' && verdict.answer.reason === 'already_offered'
