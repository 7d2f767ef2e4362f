import type { FactBody } from '@sluice/rollout'
import type { JournalEntry } from '@sluice/sql'
import { upgradeTraceparent } from '@sluice/contracts'
import { inTransaction } from '../in-transaction.ts'
import { OURSELVES, type Parts } from '../parts.ts'
import { findCampaigns } from '../store/campaigns.ts'
import { lockUpgrades } from '../store/upgrades.ts'
import { carryOut } from './carry-out.ts'
import type { Offer } from './commit-claims.ts'
import { type UpgradeFact, moveUpgrades } from './move.ts'

/** Why there is nothing to fetch: the resolver's word, or that it gave none. */
export interface Unresolved {
  readonly offer: Offer
  readonly reason: string
}

/** Settles attempts of which their devices hear nothing, because there is nothing that they may fetch. */
export async function settleUnresolved(parts: Parts, unresolved: readonly Unresolved[]): Promise<void> {
  if (unresolved.length === 0) return
  const moves = await inTransaction(parts, async (tx) => {
    const rows = await lockUpgrades(
      tx,
      unresolved.map(({ offer }) => offer.row.upgradeId),
    )
    const campaigns = await findCampaigns(tx, [...new Set(rows.map((row) => row.campaignId))])
    const at = parts.clock.now()
    await parts.journal.append(
      tx,
      unresolved.map((one) => note(one, at)),
    )
    const facts = unresolved.flatMap((one) => factsFor(parts, one, at))
    return moveUpgrades(parts, tx, rows, new Map(campaigns.map((one) => [one.campaignId, one])), facts)
  })
  await carryOut(parts, moves)
}

/**
 * No Download was written, so the device cannot hold it: that is what a list of its transfers without this one says.
 * A resolver or an origin that is away is no fault of the device, and is tried again without charge; what the resolver
 * refuses is over.
 */
function factsFor(parts: Parts, { offer, reason }: Unresolved, at: number): UpgradeFact[] {
  const { attemptId, row } = offer
  const bodies: FactBody[] = [
    reasonFact(reason, attemptId),
    { kind: 'download_unanswered', attemptId },
    { kind: 'queued_transfers_listed', askedFor: attemptId, attemptIds: [] },
  ]
  return bodies.map((body) => ({
    upgradeId: row.upgradeId,
    actor: OURSELVES,
    fact: { id: parts.ids.observation(), at, ...body },
  }))
}

function reasonFact(reason: string, attemptId: string): FactBody {
  if (reason === 'unavailable' || reason === 'origin_unavailable')
    return { kind: 'download_refused', attemptId, reason: 'shedding' }
  const isAboutDevice = reason === 'model_does_not_fit' || reason === 'url_too_long'
  return isAboutDevice ? { kind: 'cancel_requested' } : { kind: 'artifact_revoked' }
}

function note({ offer, reason }: Unresolved, at: number): JournalEntry {
  const { campaignId, upgradeId, deviceKey } = offer.row
  return {
    direction: 'note',
    at,
    actor: OURSELVES,
    kind: 'attempt.unresolved',
    campaignId,
    upgradeId,
    attemptId: offer.attemptId,
    deviceKey,
    traceparent: upgradeTraceparent(upgradeId),
    data: { reason },
  }
}
