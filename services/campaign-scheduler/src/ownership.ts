import { type Log, randomToken } from '@sluice/runtime'
import type { Queryable, Sql } from '@sluice/sql'
import type { SchedulerSettings } from './config.ts'
import { inTransaction } from './in-transaction.ts'
import type { Parts } from './parts.ts'
import {
  type OwnedRow,
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
 * alive, and a number that grows with every owner keeps a former one, however late it wakes, from writing anything.
 */
export interface Ownership {
  /** The name under which this process is an owner; another one after each start. */
  readonly replica: string
  /** Says that we are alive, gives back what is more than our share, and takes what is free. Answers what was taken. */
  beat(): Promise<readonly TakenRow[]>
  /** Ours, as far as we know: undefined where somebody else's. */
  of(campaignId: string): OwnedRow | undefined
  /** A campaign that is being made in this transaction is ours. */
  adopt(tx: Queryable, campaignId: string): Promise<void>
  /** Somebody else has it, as was seen in a transaction. */
  lost(owned: OwnedRow): void
  /** Hands everything over at once. */
  leave(): Promise<void>
  /** For the metrics, as of the last beat. */
  figures(): { readonly owned: number; readonly replicas: number; readonly campaigns: number }
}

export interface OwnershipParts {
  readonly sql: Sql
  readonly log: Log
  readonly settings: Pick<SchedulerSettings, 'leaseMs'>
}

export function createOwnership({ sql, log, settings: { leaseMs } }: OwnershipParts): Ownership {
  const replica = randomToken(12)
  let ours = new Map<string, OwnedRow>()
  /** Made in transactions that a beat may not have seen the end of: ours all the same. */
  const adopted = new Map<string, OwnedRow>()
  let seen = { replicas: 0, campaigns: 0 }

  /** What is beyond the share is not touched any more before it is given back: who holds it is waited for. */
  async function shareOut(tx: Queryable): Promise<{ owned: OwnedRow[]; taken: TakenRow[] }> {
    const share = await shareOf(tx, replica, leaseMs)
    seen = share
    const owned = await ownedBy(tx, replica)
    for (const { campaignId } of owned) adopted.delete(campaignId)
    const surplus = owned.slice(share.quota).map(({ campaignId }) => campaignId)
    for (const campaignId of surplus) ours.delete(campaignId)
    await giveBack(tx, replica, surplus)
    const taken = await takeFree(tx, replica, leaseMs, share.quota - owned.length)
    return { owned: [...owned.slice(0, share.quota), ...taken], taken }
  }

  return {
    replica,
    async beat() {
      // By itself: what is given back may have to be waited for, and we are alive meanwhile.
      await sql.transaction((tx) => beatReplica(tx, replica, leaseMs))
      const { owned, taken } = await sql.transaction(shareOut)
      ours = new Map([...adopted, ...owned.map((row) => [row.campaignId, row] as const)])
      for (const { campaignId, epoch, fromDead } of taken) {
        log.info({ campaign_id: campaignId, epoch, from_dead: fromDead }, 'campaign.owner.taken')
      }
      return taken
    },
    of: (campaignId) => ours.get(campaignId),
    async adopt(tx, campaignId) {
      await insertOwner(tx, replica, campaignId)
      const owned = { campaignId, epoch: 1 }
      adopted.set(campaignId, owned)
      ours.set(campaignId, owned)
    },
    lost({ campaignId, epoch }) {
      log.warn({ campaign_id: campaignId, epoch }, 'campaign.owner.lost')
      if (ours.get(campaignId)?.epoch === epoch) ours.delete(campaignId)
      adopted.delete(campaignId)
    },
    async leave() {
      ours.clear()
      adopted.clear()
      await sql.transaction((tx) => forgetReplica(tx, replica))
    },
    figures: () => ({ owned: ours.size, ...seen }),
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
  const owned = parts.ownership.of(campaignId)
  if (owned === undefined) return undefined
  return inTransaction(parts, async (tx) => {
    if (!(await holdOwned(tx, parts.ownership.replica, owned))) throw new NotOurs()
    return work(tx)
  }).catch((error: unknown) => {
    if (!(error instanceof NotOurs)) throw error
    parts.ownership.lost(owned)
    return undefined
  })
}

/** Thrown inside the transaction, so that it ends without a trace. */
class NotOurs extends Error {}
