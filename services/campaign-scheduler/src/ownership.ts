import { type Log, randomToken } from '@sluice/runtime'
import type { Queryable, Sql } from '@sluice/sql'
import type { SchedulerSettings } from './config.ts'
import { inTransaction } from './in-transaction.ts'
import type { Parts } from './parts.ts'
import {
  type TakenRow,
  beatReplica,
  forgetReplica,
  giveBack,
  holdOwned,
  insertOwner,
  ownedBy,
  shareOf,
  takeFree,
} from './store/owners.ts'

/**
 * Which campaigns this replica looks after: it plans them, sweeps them and judges their gates, and nobody else does.
 * Claims and facts are taken by every replica; row locks make them exact. A lease by the database's clock says who is
 * alive; whose a campaign is, is asked in each transaction that is its owner's alone, so that a former one, however late
 * it wakes, writes nothing.
 */
export interface Ownership {
  /** The name under which this process is an owner: no other process has it, not even the same one after a start. */
  readonly replica: string
  /** Says that we are alive, gives back what is more than our share, and takes what is free. Answers what was taken. */
  beat(): Promise<readonly TakenRow[]>
  /** A campaign that is being made in this transaction is ours. */
  adopt(tx: Queryable, campaignId: string): Promise<void>
  /** Hands everything over at once. */
  leave(): Promise<void>
  /** For the metrics, as of the last beat. */
  figures(): OwnershipFigures
}

export interface OwnershipFigures {
  readonly owned: number
  readonly replicas: number
  readonly campaigns: number
}

export interface OwnershipParts {
  readonly sql: Sql
  readonly log: Log
  readonly settings: Pick<SchedulerSettings, 'leaseMs'>
}

export function createOwnership({ sql, log, settings: { leaseMs } }: OwnershipParts): Ownership {
  const replica = randomToken(12)
  let seen: OwnershipFigures = { owned: 0, replicas: 0, campaigns: 0 }

  /** A plan that is under way is not handed over: whoever made the campaign may be waiting for it. */
  async function shareOut(tx: Queryable): Promise<TakenRow[]> {
    const { quota, replicas, campaigns } = await shareOf(tx, replica, leaseMs)
    const owned = await ownedBy(tx, replica)
    const surplus = owned.slice(quota).flatMap((one) => (one.isPlanning ? [] : [one.campaignId]))
    await giveBack(tx, replica, surplus)
    const taken = await takeFree(tx, replica, leaseMs, quota - owned.length)
    seen = { owned: owned.length - surplus.length + taken.length, replicas, campaigns }
    return taken
  }

  return {
    replica,
    async beat() {
      // By itself: what is given back may have to be waited for, and we are alive meanwhile.
      await sql.transaction((tx) => beatReplica(tx, replica, leaseMs))
      const taken = await sql.transaction(shareOut)
      for (const { campaignId, epoch, fromDead } of taken) {
        log.info({ campaign_id: campaignId, epoch, from_dead: fromDead }, 'campaign.owner.taken')
      }
      return taken
    },
    adopt: (tx, campaignId) => insertOwner(tx, replica, campaignId),
    leave: () => sql.transaction((tx) => forgetReplica(tx, replica)),
    figures: () => seen,
  }
}

/**
 * One transaction of a campaign's owner; undefined, with nothing written, where that is somebody else. Whoever takes the
 * campaign over meanwhile waits for its end.
 */
export async function asOwner<T extends object | string | boolean>(
  parts: Parts,
  campaignId: string,
  work: (tx: Queryable) => Promise<T>,
): Promise<T | undefined> {
  return inTransaction(parts, async (tx) =>
    (await holdOwned(tx, parts.ownership.replica, campaignId)) ? work(tx) : undefined,
  )
}
