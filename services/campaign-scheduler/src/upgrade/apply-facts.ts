import { type IncomingEvent, isPartAway } from '@sluice/bus'
import { type DataOf, type Observation, attemptObserved } from '@sluice/contracts'
import type { InEntry, JournalEntry, Queryable } from '@sluice/sql'
import { inTransaction } from '../in-transaction.ts'
import { type Parts, toMs } from '../parts.ts'
import { findCampaigns } from '../store/campaigns.ts'
import { lockUpgrades } from '../store/upgrades.ts'
import { type Addressed, addressFacts } from './address-facts.ts'
import { carryOut } from './carry-out.ts'
import { type Move, moveUpgrades } from './move.ts'

/** What gateways and file servers saw: one transaction for the batch, then what follows from it. */
export async function applyObservations(
  parts: Parts,
  batch: readonly IncomingEvent<DataOf<typeof attemptObserved>>[],
): Promise<void> {
  // Who was away excuses first: a fault in our own outage is not charged.
  if (parts.pulse.isStale()) await parts.pulse.beat()
  const observations = onceEach(batch.flatMap(({ data }) => data.items))
  const moves = await inTransaction(parts, (tx) => applyNew(parts, tx, observations)).catch((error: unknown) => {
    if (isPartAway(error)) parts.pulse.missed(batch)
    throw error
  })
  parts.pulse.heard(batch)
  await carryOut(parts, moves)
}

async function applyNew(parts: Parts, tx: Queryable, observations: readonly Observation[]): Promise<Move[]> {
  const fresh = await parts.journal.acceptNew(tx, observations.map(received))
  const { facts, orphans } = await addressFacts(
    tx,
    observations.filter(({ id }) => fresh.has(id)),
  )
  await parts.journal.append(tx, orphans.map(orphaned))
  parts.metrics.orphans.add(orphans.length)
  const rows = await lockUpgrades(tx, [...new Set(facts.map(({ upgradeId }) => upgradeId))])
  const campaigns = await findCampaigns(tx, [...new Set(rows.map((row) => row.campaignId))])
  return moveUpgrades(parts, tx, rows, new Map(campaigns.map((one) => [one.campaignId, one])), facts)
}

const actorOf = ({ deviceKey }: Observation) => (deviceKey === null ? 'service:file-server' : `device:${deviceKey}`)

/** The row that makes an observation count once; what it says stands in the row of what came of it. */
function received(observation: Observation): InEntry {
  const { id, at, deviceKey, fact, traceparent } = observation
  return {
    id,
    at: toMs(at),
    actor: actorOf(observation),
    kind: attemptObserved.name,
    deviceKey: deviceKey ?? undefined,
    traceparent,
    data: { kind: fact.kind },
  }
}

function orphaned({ observation, reason }: Addressed['orphans'][number]): JournalEntry {
  const { id, at, deviceKey, fact } = observation
  return {
    direction: 'note',
    at: toMs(at),
    actor: actorOf(observation),
    kind: 'observation.orphaned',
    deviceKey: deviceKey ?? undefined,
    data: { id, reason, fact },
  }
}

function onceEach(observations: readonly Observation[]): Observation[] {
  const seen = new Set<string>()
  return observations.filter(({ id }) => !seen.has(id) && seen.add(id))
}
