import type { Queryable } from '@sluice/sql'

const LOOK_BACK_S = 60

/** Notes starts under the second they happened in, and drops what no cap looks back to any more. */
export async function addStarts(tx: Queryable, campaignId: string, now: number, n: number): Promise<void> {
  const second = Math.floor(now / 1_000)
  await tx.query(
    `insert into scheduler.starts (campaign_id, second, n) values ($1, $2, $3)
     on conflict (campaign_id, second) do update set n = scheduler.starts.n + excluded.n`,
    [campaignId, second, n],
  )
  await tx.query(`delete from scheduler.starts where campaign_id = $1 and second < $2`, [
    campaignId,
    second - 2 * LOOK_BACK_S,
  ])
}

/**
 * Starts of each of these campaigns within the last minute, whole seconds: up to one second more than a minute, so
 * that no 60 s ever see more than is allowed.
 */
export function recentStarts(
  tx: Queryable,
  campaignIds: readonly string[],
  now: number,
): Promise<{ campaignId: string; n: number }[]> {
  if (campaignIds.length === 0) return Promise.resolve([])
  return tx.query(
    `select campaign_id as "campaignId", sum(n)::bigint as n from scheduler.starts
     where campaign_id = any($1) and second >= $2 group by campaign_id`,
    [campaignIds, Math.floor(now / 1_000) - LOOK_BACK_S],
  )
}

/** The same of all campaigns together. */
export async function recentStartsOfAll(tx: Queryable, now: number): Promise<number> {
  const [row] = await tx.query<{ n: number }>(
    `select coalesce(sum(n), 0)::bigint as n from scheduler.starts where second >= $1`,
    [Math.floor(now / 1_000) - LOOK_BACK_S],
  )
  return row?.n ?? 0
}
