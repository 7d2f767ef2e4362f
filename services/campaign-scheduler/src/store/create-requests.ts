import { json, type Queryable } from '@sluice/sql'

/** What somebody called a request to create a campaign. */
export interface CreateRequest {
  readonly actor: string
  readonly requestId: string
  /** Compared whole, whatever the order of its keys. */
  readonly draft: unknown
}

export type KnownRequest = { readonly campaignId: string; readonly sameDraft: boolean }

const hashOf = (parameter: string) => `encode(sha256(convert_to(${parameter}::jsonb::text, 'UTF8')), 'hex')`

/** False when it is known already; who asks at the same time waits here for the first one's commit. */
export async function noteCreateRequest(
  tx: Queryable,
  { actor, requestId, draft }: CreateRequest,
  campaignId: string,
  at: number,
): Promise<boolean> {
  const noted = await tx.query(
    `insert into scheduler.create_requests (actor, request_id, draft_hash, campaign_id, at)
     values ($1, $2, ${hashOf('$3')}, $4, $5) on conflict do nothing returning 1`,
    [actor, requestId, json(draft), campaignId, at],
  )
  return noted.length === 1
}

export async function findCreateRequest(
  db: Queryable,
  { actor, requestId, draft }: CreateRequest,
): Promise<KnownRequest | undefined> {
  const [known] = await db.query<KnownRequest>(
    `select campaign_id as "campaignId", draft_hash = ${hashOf('$3')} as "sameDraft"
     from scheduler.create_requests where actor = $1 and request_id = $2`,
    [actor, requestId, json(draft)],
  )
  return known
}
