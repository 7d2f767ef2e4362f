import type { Queryable } from '@sluice/sql'

/** How a dynamic campaign looks for who has come to fit its targets. */
export interface Joining {
  /** When the next look, or the next page of this one, is due. */
  readonly at: number
  /** Changes of the inventory from then on are looked at. */
  readonly since: number
  /** When the look that is under way began; null: none is. */
  readonly from: number | null
  readonly cursor: string | null
}

/** Undefined where nobody joins: not yet, or not any more. */
export async function findJoining(db: Queryable, campaignId: string): Promise<Joining | undefined> {
  const [row] = await db.query<Joining>(
    `select join_at as at, join_since as since, join_from as "from", join_cursor as cursor from scheduler.campaigns
     where campaign_id = $1 and join_at is not null and state in ('ready', 'running', 'paused')`,
    [campaignId],
  )
  return row
}

/** Compare-and-set; false when it has moved meanwhile. */
export async function moveJoining(
  tx: Queryable,
  campaignId: string,
  before: Joining | null,
  after: Joining | null,
): Promise<boolean> {
  const moved = await tx.query(
    `update scheduler.campaigns set join_at = $5, join_since = $6, join_from = $7, join_cursor = $8
     where campaign_id = $1 and join_at is not distinct from $2 and join_since is not distinct from $3
       and join_cursor is not distinct from $4 returning 1`,
    [
      campaignId,
      before?.at,
      before?.since,
      before?.cursor,
      after?.at ?? null,
      after?.since ?? null,
      after?.from ?? null,
      after?.cursor ?? null,
    ],
  )
  return moved.length === 1
}

/** Those of an owner that are to be looked at now. */
export function campaignsToJoin(db: Queryable, owner: string, now: number): Promise<{ campaignId: string }[]> {
  return db.query(
    `select campaign_id as "campaignId" from scheduler.campaigns join scheduler.owners using (campaign_id)
     where owner = $1 and join_at <= $2 and state in ('ready', 'running', 'paused') order by join_at`,
    [owner, now],
  )
}
