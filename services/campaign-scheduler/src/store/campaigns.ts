import type { Artifact, Campaign, DeviceFilter, Policy } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'

export type CampaignState = Campaign['state']
export type PlanStage = 'gathering' | 'ranking' | 'planned'

/** The artifact as it was when the campaign was planned. */
export type PlannedArtifact = Pick<Artifact, 'artifactId' | 'version' | 'softwareVersions' | 'fits' | 'hosting'> & {
  readonly size: number
}

export interface CampaignRow {
  readonly campaignId: string
  readonly name: string
  readonly artifactId: string
  readonly artifact: PlannedArtifact
  readonly state: CampaignState
  readonly stateReason: string | null
  readonly targets: DeviceFilter
  readonly policy: Policy
  readonly seed: string
  readonly size: number
  readonly leftOut: number
  readonly planStage: PlanStage
  readonly planCursor: string | null
  readonly ranked: number
  readonly checkAt: number | null
  readonly createdAt: number
  readonly createdBy: string
  readonly updatedAt: number
}

const columns = `campaign_id as "campaignId", name, artifact_id as "artifactId", artifact, state, state_reason as "stateReason",
  targets, policy, seed, size, left_out as "leftOut", plan_stage as "planStage", plan_cursor as "planCursor", ranked,
  check_at as "checkAt", created_at as "createdAt", created_by as "createdBy", updated_at as "updatedAt"`

export type NewCampaign = Pick<
  CampaignRow,
  'campaignId' | 'name' | 'artifact' | 'targets' | 'policy' | 'seed' | 'createdAt' | 'createdBy'
>

export async function insertCampaign(db: Queryable, row: NewCampaign): Promise<void> {
  await db.query(
    `insert into scheduler.campaigns (campaign_id, name, artifact_id, artifact, state, targets, policy, seed, created_at, created_by, updated_at)
     values ($1, $2, $3, $4, 'planning', $5, $6, $7, $8, $9, $8)`,
    [
      row.campaignId,
      row.name,
      row.artifact.artifactId,
      row.artifact,
      row.targets,
      row.policy,
      row.seed,
      row.createdAt,
      row.createdBy,
    ],
  )
}

export async function findCampaign(db: Queryable, campaignId: string): Promise<CampaignRow | undefined> {
  const [row] = await db.query<CampaignRow>(`select ${columns} from scheduler.campaigns where campaign_id = $1`, [
    campaignId,
  ])
  return row
}

/** In the order of their ids, which is the order in which everybody locks them. */
export function lockCampaigns(tx: Queryable, campaignIds: readonly string[]): Promise<CampaignRow[]> {
  return tx.query<CampaignRow>(
    `select ${columns} from scheduler.campaigns where campaign_id = any($1) order by campaign_id for no key update`,
    [campaignIds],
  )
}

export function findCampaigns(db: Queryable, campaignIds: readonly string[]): Promise<CampaignRow[]> {
  return db.query<CampaignRow>(`select ${columns} from scheduler.campaigns where campaign_id = any($1)`, [campaignIds])
}

/** Newest first; `before` is the id of the last one of the page before. */
export function listCampaigns(db: Queryable, before: string | undefined, limit: number): Promise<CampaignRow[]> {
  return db.query<CampaignRow>(
    `select ${columns} from scheduler.campaigns where $1::text is null or campaign_id < $1 order by campaign_id desc limit $2`,
    [before ?? null, limit],
  )
}

export function campaignsOfArtifact(db: Queryable, artifactId: string): Promise<{ campaignId: string }[]> {
  return db.query(
    `select campaign_id as "campaignId" from scheduler.campaigns where artifact_id = $1 order by campaign_id`,
    [artifactId],
  )
}

export function campaignsToPlan(db: Queryable): Promise<{ campaignId: string }[]> {
  return db.query(
    `select campaign_id as "campaignId" from scheduler.campaigns where plan_stage <> 'planned' and state = 'planning' order by campaign_id`,
  )
}

export function campaignsToCheck(db: Queryable, now: number, limit: number): Promise<{ campaignId: string }[]> {
  return db.query(
    `select campaign_id as "campaignId" from scheduler.campaigns where check_at <= $1 order by check_at limit $2`,
    [now, limit],
  )
}

/** Compare-and-set on the state; false when somebody else was faster. */
export async function moveCampaign(
  tx: Queryable,
  campaign: CampaignRow,
  to: { readonly state: CampaignState; readonly reason: string | null; readonly at: number },
): Promise<boolean> {
  const moved = await tx.query(
    `update scheduler.campaigns set state = $3, state_reason = $4, updated_at = $5,
       check_at = case when $3 in ('running', 'paused') then $5::bigint end
     where campaign_id = $1 and state = $2 returning 1`,
    [campaign.campaignId, campaign.state, to.state, to.reason, to.at],
  )
  return moved.length === 1
}

/** One page of the inventory was planned; false when another replica planned it first. */
export async function advancePlan(
  tx: Queryable,
  campaign: CampaignRow,
  step: { readonly stage: PlanStage; readonly cursor: string | null; readonly added: number; readonly leftOut: number },
): Promise<boolean> {
  const moved = await tx.query(
    `update scheduler.campaigns set plan_stage = $4, plan_cursor = $5, size = size + $6, left_out = left_out + $7
     where campaign_id = $1 and plan_stage = $2 and plan_cursor is not distinct from $3 and state = 'planning' returning 1`,
    [campaign.campaignId, campaign.planStage, campaign.planCursor, step.stage, step.cursor, step.added, step.leftOut],
  )
  return moved.length === 1
}

export async function setRanked(tx: Queryable, campaignId: string, ranked: number): Promise<void> {
  await tx.query(`update scheduler.campaigns set ranked = $2 where campaign_id = $1`, [campaignId, ranked])
}

export async function setCheckAt(db: Queryable, campaignId: string, at: number | null): Promise<void> {
  await db.query(`update scheduler.campaigns set check_at = $2 where campaign_id = $1`, [campaignId, at])
}

export function campaignsUnderWay(db: Queryable): Promise<{ campaignId: string }[]> {
  return db.query(
    `select campaign_id as "campaignId" from scheduler.campaigns where state in ('running', 'paused') order by campaign_id`,
  )
}
