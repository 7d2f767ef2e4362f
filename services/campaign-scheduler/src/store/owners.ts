import type { Queryable } from '@sluice/sql'

/** A campaign that was taken now. */
export interface TakenRow {
  readonly campaignId: string
  /** How many owners it has had. */
  readonly epoch: number
  /** Its owner had not been heard of for too long, and has not handed it over. */
  readonly fromDead: boolean
}

/** What a replica may take, and how many replicas there are. */
export interface Share {
  readonly quota: number
  readonly replicas: number
  readonly campaigns: number
}

/**
 * Alive, by the one clock that all replicas share. A lease that lies further ahead than any can is one from before that
 * clock was set back: it holds nothing.
 */
const ALIVE = `r.alive_until >= clock_timestamp() and r.alive_until <= clock_timestamp() + $1::int * interval '2 milliseconds'`

/** What has to be looked after: campaigns that are not over, and those of which something is still to be swept. */
const WORK = `(select campaign_id from scheduler.campaigns where state not in ('aborted', 'finished')
  union select campaign_id from scheduler.sweeps)`

/** Says that a replica is alive for as long as a lease lasts, and forgets those that have been dead for long. */
export async function beatReplica(tx: Queryable, replica: string, leaseMs: number): Promise<void> {
  await tx.query(
    `insert into scheduler.replicas (replica, alive_until) values ($1, clock_timestamp() + $2::int * interval '1 millisecond')
     on conflict (replica) do update set alive_until = excluded.alive_until`,
    [replica, leaseMs],
  )
  await tx.query(
    `delete from scheduler.replicas r where not (${ALIVE}) and replica in (
       select replica from scheduler.replicas where alive_until < clock_timestamp() - interval '1 hour' for update skip locked)`,
    [leaseMs],
  )
}

export async function forgetReplica(tx: Queryable, replica: string): Promise<void> {
  await tx.query(`update scheduler.owners set owner = null where owner = $1`, [replica])
  await tx.query(`delete from scheduler.replicas where replica = $1`, [replica])
}

/** An equal part of the work, to one campaign: the first replicas, in the order of their names, take what is left over. */
export async function shareOf(tx: Queryable, replica: string, leaseMs: number): Promise<Share> {
  const [row] = await tx.query<{ replicas: number; before: number; campaigns: number }>(
    `select count(*) as replicas, count(*) filter (where r.replica < $2) as before, (select count(*) from ${WORK} w) as campaigns
     from scheduler.replicas r where ${ALIVE}`,
    [leaseMs, replica],
  )
  const { replicas, before, campaigns } = row!
  const each = Math.floor(campaigns / Math.max(1, replicas))
  return { replicas, campaigns, quota: each + (before < campaigns - each * replicas ? 1 : 0) }
}

/** What is a replica's, and has to be looked after; what is being planned comes first. */
export function ownedBy(tx: Queryable, replica: string): Promise<{ campaignId: string; isPlanning: boolean }[]> {
  return tx.query(
    `select campaign_id as "campaignId", c.state = 'planning' as "isPlanning"
     from scheduler.owners join scheduler.campaigns c using (campaign_id)
     where owner = $1 and campaign_id in ${WORK} order by "isPlanning" desc, campaign_id`,
    [replica],
  )
}

/** Gives campaigns back, for whoever has less. What is being written for them is waited for. */
export async function giveBack(tx: Queryable, replica: string, campaignIds: readonly string[]): Promise<void> {
  if (campaignIds.length === 0) return
  await tx.query(
    `update scheduler.owners set owner = null where campaign_id in
       (select campaign_id from scheduler.owners where owner = $1 and campaign_id = any($2) order by campaign_id for update)`,
    [replica, campaignIds],
  )
}

/** Takes what nobody alive has, up to `most`; what somebody is just writing for is left for the next time. */
export async function takeFree(tx: Queryable, replica: string, leaseMs: number, most: number): Promise<TakenRow[]> {
  if (most <= 0) return []
  await tx.query(
    `insert into scheduler.owners (campaign_id, owner, epoch)
     select w.campaign_id, null, 0 from ${WORK} w
     where not exists (select 1 from scheduler.owners o where o.campaign_id = w.campaign_id)
     order by w.campaign_id on conflict do nothing`,
  )
  return tx.query<TakenRow>(
    `update scheduler.owners o set owner = $2, epoch = o.epoch + 1 from (
       select f.campaign_id, f.owner from scheduler.owners f
       where f.campaign_id in ${WORK}
         and not exists (select 1 from scheduler.replicas r where r.replica = f.owner and ${ALIVE})
       order by f.campaign_id limit $3 for update of f skip locked) free
     where o.campaign_id = free.campaign_id
     returning o.campaign_id as "campaignId", o.epoch, free.owner is not null as "fromDead"`,
    [leaseMs, replica, most],
  )
}

/** A campaign that nobody knows of yet is its maker's. */
export async function insertOwner(tx: Queryable, replica: string, campaignId: string): Promise<void> {
  await tx.query(`insert into scheduler.owners (campaign_id, owner, epoch) values ($1, $2, 1)`, [campaignId, replica])
}

/**
 * Whether a campaign is this owner's: it stays so until the transaction ends, because who takes it waits for this lock,
 * or passes it over.
 */
export async function holdOwned(tx: Queryable, replica: string, campaignId: string): Promise<boolean> {
  const held = await tx.query(`select 1 from scheduler.owners where campaign_id = $1 and owner = $2 for key share`, [
    campaignId,
    replica,
  ])
  return held.length === 1
}
