import {
  type InputOf,
  type OutputOf,
  type Reply,
  answered,
  artifactResolve,
  refused,
  type upgradeClaim,
  upgradeTraceparent,
} from '@sluice/contracts'
import type { IncomingRequest } from '@sluice/bus'
import { inSpan } from '@sluice/runtime'
import { afterCommit } from '../after-commit.ts'
import { inTransaction } from '../in-transaction.ts'
import { type Parts, SERVICE, toTime } from '../parts.ts'
import { askForBackup } from './backups.ts'
import { carryOut } from './carry-out.ts'
import { type Committed, type Offer, commitClaims } from './commit-claims.ts'
import { type Unresolved, settleUnresolved } from './settle-unresolved.ts'
import { deliveryOf, fetchesUntil } from './delivery.ts'
import { watchOf } from './watch.ts'

export type Claim = InputOf<typeof upgradeClaim>
export type ClaimReply = OutputOf<typeof upgradeClaim>
type Resolved = OutputOf<typeof artifactResolve>['items'][number]

/**
 * May these devices be upgraded now? One transaction commits all attempts; only then is asked what each should
 * fetch, and an attempt for which there is nothing to fetch is settled by a fact before its device hears of it.
 */
export async function claimUpgrades(
  parts: Parts,
  batch: readonly IncomingRequest<Claim>[],
): Promise<readonly Reply<ClaimReply>[]> {
  const claims = batch.map(({ input }) => input)
  const committed = await inTransaction(parts, (tx) => commitClaims(parts, tx, claims))
  parts.metrics.claimBatch.record(claims.length)
  parts.wakeRelay()

  const offers = committed.results.flatMap((result) => (result.kind === 'offer' ? [result] : []))
  const [resolution, backups] = await Promise.all([
    resolveOffers(parts, offers),
    // Beside, not after: both together have to fit into the time a gateway waits.
    askForBackups(parts, committed.results),
  ])
  await afterCommit(parts.log, 'claim.news.failed', () => carryOut(parts, committed.moves))
  // Where this fails, the offer's own timers settle it.
  await afterCommit(parts.log, 'claim.unresolved.failed', () => settleUnresolved(parts, unresolved(offers, resolution)))
  const replies = committed.results.map((result) => replyTo(result, resolution, backups, parts.clock.now()))
  await afterCommit(parts.log, 'claim.trace.failed', () => traceClaims(parts, claims, replies))
  return replies
}

/** For each upgrade that has to wait for one. What becomes of it never throws: the offers beside it are committed. */
async function askForBackups(parts: Parts, results: Committed['results']): Promise<Map<string, Reply<ClaimReply>>> {
  const first = new Map(
    results.flatMap((result) => (result.kind === 'backup' ? [[result.row.upgradeId, result] as const] : [])),
  )
  const asked = [...first].map(async ([upgradeId, { row, campaign }]) => {
    try {
      return [upgradeId, await askForBackup(parts, row, campaign.policy.backup!)] as const
    } catch (error) {
      parts.log.error({ err: error, upgrade_id: upgradeId }, 'claim.backup.failed')
      return [upgradeId, refused('unavailable', 'the backup could not be asked for')] as const
    }
  })
  return new Map(await Promise.all(asked))
}

type Resolution =
  | { readonly kind: 'asked'; readonly items: ReadonlyMap<string, Resolved> }
  | { readonly kind: 'away'; readonly detail: string }

async function resolveOffers(parts: Parts, offers: readonly Offer[]): Promise<Resolution> {
  if (offers.length === 0) return { kind: 'asked', items: new Map() }
  const now = parts.clock.now()
  const reply = await parts.bus.request(artifactResolve, {
    items: offers.map(({ row, claim, attemptId, campaign, windows, releaseId }) => ({
      attemptId,
      upgradeId: row.upgradeId,
      campaignId: row.campaignId,
      artifactId: row.artifactId ?? campaign.artifactId,
      deviceKey: row.deviceKey,
      oui: claim.oui,
      productClass: claim.productClass,
      hardwareVersion: claim.hardwareVersion,
      ...(releaseId !== undefined && { releaseId }),
      ...(claim.urlMaxLength !== undefined && { urlMaxLength: claim.urlMaxLength }),
      expiresAt: toTime(
        fetchesUntil(campaign.policy, row.machine.imageBytes, windows, { now, leastMs: parts.settings.credentialMs }),
      ),
    })),
  })
  if (!reply.ok) return { kind: 'away', detail: reply.error.detail }
  return { kind: 'asked', items: new Map(reply.data.items.map((item) => [item.attemptId, item])) }
}

/** Offers that the resolver refused, or did not mention: it fails closed, and so do we. */
function unresolved(offers: readonly Offer[], resolution: Resolution): Unresolved[] {
  return offers.flatMap((offer) => {
    if (resolution.kind === 'away') return [{ offer, reason: 'unavailable' }]
    const item = resolution.items.get(offer.attemptId)
    return item?.kind === 'resolved' ? [] : [{ offer, reason: item?.reason ?? 'not_mentioned' }]
  })
}

function replyTo(
  result: Committed['results'][number],
  resolution: Resolution,
  backups: ReadonlyMap<string, Reply<ClaimReply>>,
  now: number,
): Reply<ClaimReply> {
  if (result.kind === 'answer') return answered(result.answer)
  if (result.kind === 'backup') return backups.get(result.row.upgradeId)!
  if (resolution.kind === 'away') return refused('unavailable', `the artifact resolver is away: ${resolution.detail}`)
  const item = resolution.items.get(result.attemptId)
  if (item?.kind !== 'resolved') return answered({ kind: 'gone', reason: item?.reason ?? 'not_mentioned' })
  const watch = watchOf(result.row, result.campaign)
  if (watch === undefined) return refused('internal', 'an offered upgrade has no watch')
  const { downloadArguments } = result.row.machine
  return answered({
    kind: 'go',
    attemptId: result.attemptId,
    ...deliveryOf(result.campaign.policy, result.windows, item.download, now),
    downloadArguments,
    watch,
  })
}

async function traceClaims(
  parts: Parts,
  claims: readonly Claim[],
  replies: readonly Reply<ClaimReply>[],
): Promise<void> {
  for (const [index, { upgradeId, sessionId }] of claims.entries()) {
    const reply = replies[index]
    if (reply === undefined) continue
    const answer = reply.ok ? reply.data.kind : reply.error.code
    const reason = reply.ok && 'reason' in reply.data ? reply.data.reason : ''
    parts.metrics.claims.add(1, { answer, reason })
    const attributes = {
      'sluice.upgrade_id': upgradeId,
      'sluice.session_id': sessionId,
      'sluice.answer': answer,
      'sluice.reason': reason,
    }
    await inSpan(
      { tracer: SERVICE, name: 'claim', kind: 'server', traceparent: upgradeTraceparent(upgradeId), attributes },
      () => undefined,
    )
  }
}
