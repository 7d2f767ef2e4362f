import { upgradeTraceparent } from '@sluice/contracts'
import { type Fact, type Step, classOf, lastAttempt, newestVersionIn, openAttempt, step } from '@sluice/rollout'
import type { JournalEntry, Queryable } from '@sluice/sql'
import { rolloutPolicy } from '../campaign/complete-policy.ts'
import type { Parts } from '../parts.ts'
import { closeAttempts } from '../store/attempts.ts'
import type { CampaignRow } from '../store/campaigns.ts'
import { type ReturnTime, addReturnTimes } from '../store/return-times.ts'
import { type SiteDelta, addToSiteUse } from '../store/site-use.ts'
import { forgetSettings } from '../store/kept-settings.ts'
import { type TallyDelta, addToTallies } from '../store/tallies.ts'
import { type UpgradeRow, saveUpgrades } from '../store/upgrades.ts'
import { doneWithSettings } from './kept-settings.ts'
import { knownZone } from './known-zone.ts'
import { planNextLegs } from './next-legs.ts'
import { hint, placementEvents, placementsFor } from './placements.ts'
import { noteSignals } from './signals.ts'

export interface UpgradeFact {
  readonly upgradeId: string
  readonly fact: Fact
  readonly actor: string
}

/** What one fact did to one upgrade. */
export interface Move {
  readonly before: UpgradeRow
  readonly after: UpgradeRow
  readonly fact: Fact
  readonly actor: string
  /** Why it changed nothing. */
  readonly ignored: string | null
  readonly effects: Step['effects']
  /** Of its journal entry. */
  readonly seq: number
}

type Unwritten = Omit<Move, 'seq'>

/**
 * The one place where facts move upgrades: machine, compare-and-set, tallies, the device's place, journal and outbox,
 * all in the transaction of the caller, who has locked the upgrades (in the order of their ids, before any campaign).
 */
export async function moveUpgrades(
  parts: Parts,
  tx: Queryable,
  locked: readonly UpgradeRow[],
  campaigns: ReadonlyMap<string, CampaignRow>,
  facts: readonly UpgradeFact[],
): Promise<Move[]> {
  const at = parts.clock.now()
  const current = new Map(locked.map((row) => [row.upgradeId, row]))
  const moves = facts.flatMap((fact): Unwritten[] => {
    const before = current.get(fact.upgradeId)
    const campaign = before && campaigns.get(before.campaignId)
    if (before === undefined || campaign === undefined) return []
    const move = moveOne(parts, before, campaign, fact, at)
    current.set(fact.upgradeId, move.after)
    return [move]
  })

  const changed = locked
    .map((before) => ({ before, after: current.get(before.upgradeId)! }))
    .filter(({ before, after }) => before !== after)
  const saved = await saveUpgrades(tx, changed)
  if (saved.size !== changed.length) throw new Error('an upgrade moved although it was locked')

  // Before any device is given back: who claims locks campaigns before devices.
  const next = await planNextLegs(parts, tx, changed, campaigns, at)
  await closeAttempts(
    tx,
    changed.filter(endsItsHold).map(({ after }) => after.upgradeId),
  )
  await forgetSettings(tx, doneWithSettings(changed))
  const counted = moves.filter((move) => campaigns.get(move.after.campaignId)!.planStage === 'planned')
  await addToTallies(tx, [...counted.flatMap(deltasOf), ...next.deltas])
  await addToSiteUse(tx, changed.flatMap(siteDeltasOf))
  await addReturnTimes(tx, changed.flatMap(returnTimesOf))
  await noteSignals(parts, tx, moves, campaigns, at)
  const placements = moves.filter(isChange).flatMap((move) => {
    const campaign = campaigns.get(move.after.campaignId)!
    return placementsFor(move.before, move.after, move.effects, campaign).map((item) => ({
      campaignId: campaign.campaignId,
      item,
    }))
  })
  const hints = next.planned.map((row) => ({
    campaignId: row.campaignId,
    item: hint(row, campaigns.get(row.campaignId)!, null),
  }))
  const seqs = await parts.journal.append(tx, [
    ...moves.map(journalled),
    ...next.entries,
    ...placementEvents(parts, [...placements, ...hints], at),
  ])
  return moves.map((move, index) => ({ ...move, seq: seqs[index]! }))
}

function moveOne(
  parts: Parts,
  before: UpgradeRow,
  campaign: CampaignRow,
  { fact, actor }: UpgradeFact,
  at: number,
): Unwritten {
  const heard = newestVersionIn(fact, before.machine) ?? before.reportedVersion
  const stepped = stepOrPoison(parts, before, campaign, fact)
  if (stepped.kind === 'poison') return { before, after: before, fact, actor, ignored: 'poison', effects: [] }
  const { upgrade: machine, effects, ignored } = stepped.step
  if (ignored !== undefined && heard === before.reportedVersion) {
    return { before, after: before, fact, actor, ignored, effects }
  }
  // A version that is news to us alone is written too: the compare-and-set number moves with every write.
  const version = machine === before.machine ? before.version + 1 : machine.version
  const moved = { ...machine, version }
  const after: UpgradeRow = {
    ...before,
    machine: moved,
    version,
    state: moved.state === 'settled' ? moved.outcome.kind : moved.state,
    countsAs: classOf(moved),
    dueAt: moved.dueAt,
    artifactId: artifactIn(fact) ?? before.artifactId,
    attemptId: lastAttempt(moved)?.attemptId ?? null,
    reportedVersion: heard,
    ...returnTimes(before, moved.state, fact.at),
    updatedAt: at,
  }
  return { before, after, fact, actor, ignored: ignored ?? null, effects }
}

/** Of the leg it was claimed for, where that is not what was planned. */
const artifactIn = (fact: Fact): string | undefined =>
  fact.kind === 'claim_committed' ? fact.release?.artifactId : undefined

/** A fact that the machine chokes on is journaled and left behind: it may not hold up the facts of others. */
function stepOrPoison(parts: Parts, before: UpgradeRow, campaign: CampaignRow, fact: Fact) {
  try {
    return { kind: 'stepped', step: step(before.machine, fact, rolloutPolicy(campaign.policy)) } as const
  } catch (error) {
    parts.log.error(
      { err: error, upgrade_id: before.upgradeId, fact: fact.kind, fact_id: fact.id },
      'upgrade.fact.poison',
    )
    return { kind: 'poison' } as const
  }
}

/** How long the way back takes: what `overdue` is measured against. */
function returnTimes(before: UpgradeRow, state: string, at: number): Pick<UpgradeRow, 'returningAt' | 'returnedMs'> {
  const { returningAt, returnedMs } = before
  if (state === 'returning') return { returningAt: before.state === 'returning' ? returningAt : at, returnedMs }
  const isBack = state === 'verifying' && before.state === 'returning' && returningAt !== null
  return { returningAt: null, returnedMs: isBack ? Math.max(0, at - returningAt) : returnedMs }
}

const isChange = ({ before, after }: Unwritten): boolean => before !== after

const endsItsHold = ({ before, after }: { before: UpgradeRow; after: UpgradeRow }): boolean =>
  openAttempt(before.machine) !== null && openAttempt(after.machine) === null

function deltasOf({ before, after }: Unwritten): TallyDelta[] {
  if (before.wave === 0) return []
  const place = ({ campaignId, wave, state, countsAs }: UpgradeRow) => ({ campaignId, wave, state, countsAs })
  return [
    { ...place(before), n: -1 },
    { ...place(after), n: 1 },
  ]
}

export function siteDeltasOf({ before, after }: { before: UpgradeRow; after: UpgradeRow }): SiteDelta[] {
  if (before.site === after.site && before.countsAs === after.countsAs) return []
  const under = ({ campaignId, site, countsAs }: UpgradeRow, n: 1 | -1): SiteDelta[] =>
    site === null
      ? []
      : [
          {
            campaignId,
            site,
            inFlight: countsAs === 'in_flight' ? n : 0,
            unproven: countsAs === 'unproven' ? n : 0,
          },
        ]
  return [...under(before, -1), ...under(after, 1)]
}

function returnTimesOf({ before, after }: { before: UpgradeRow; after: UpgradeRow }): ReturnTime[] {
  if (before.returnedMs === after.returnedMs) return []
  const took = ({ campaignId, wave, returnedMs: ms }: UpgradeRow, n: 1 | -1): ReturnTime[] =>
    ms === null ? [] : [{ campaignId, wave, ms, n }]
  return [...took(before, -1), ...took(after, 1)]
}

/** Every fact is kept, and what came of it: tallies are the fold of these rows. */
function journalled({ before, after, fact, actor, ignored }: Unwritten): JournalEntry {
  const moved = before.state !== after.state || before.countsAs !== after.countsAs
  return {
    direction: 'note',
    at: fact.at,
    actor,
    kind: ignored === null ? (moved ? 'upgrade.moved' : 'upgrade.learnt') : 'upgrade.fact_ignored',
    campaignId: after.campaignId,
    upgradeId: after.upgradeId,
    attemptId: after.attemptId ?? undefined,
    deviceKey: after.deviceKey,
    traceparent: upgradeTraceparent(after.upgradeId),
    data: {
      fact,
      wave: after.wave,
      from: before.state,
      to: after.state,
      countedAs: before.countsAs,
      countsAs: after.countsAs,
      version: after.version,
      ...(fact.kind === 'claim_committed' ? { site: after.site, zone: knownZone(after.zone) } : {}),
      ...(ignored === null ? {} : { ignored }),
      ...(after.machine.state === 'settled' && moved ? { outcome: after.machine.outcome } : {}),
    },
  }
}
