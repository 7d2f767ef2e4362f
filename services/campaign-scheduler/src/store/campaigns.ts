import type { Artifact, Campaign, Caps, DeviceFilter, Leg, Policy, RetryOf, SettingsEffect } from '@sluice/contracts'
import type { ReleaseTerms } from '@sluice/rollout'
import { type Queryable, json } from '@sluice/sql'

export type CampaignState = Campaign['state']
export type PlanStage = 'gathering' | 'ranking' | 'planned'

/** The artifact as it was when the campaign was planned. */
export type PlannedArtifact = Pick<Artifact, 'artifactId' | 'version' | 'softwareVersions' | 'fits' | 'hosting'> & {
  readonly size: number
  /** What it does to settings, where it was looked at for that. */
  readonly settings?: SettingsEffect
}

/** The release that a leg rests on, as it was signed. */
export interface LegRelease extends ReleaseTerms {
  readonly releaseId: string
  readonly sha256: string
  /** From then on it is offered to nobody. */
  readonly expiresAt: number
}

/** One leg of the way with its artifact as it was then; what `legFor` goes by. */
export type PlannedLeg = PlannedArtifact &
  Pick<Leg, 'from' | 'steppingStone'> & {
    readonly release?: LegRelease
    /** Of a rollback: it was named by who asked for that, and takes devices back from wherever they came. */
    readonly named?: boolean
  }

/** The product lines in which the releases of a way count. */
export function linesOf(path: readonly PlannedLeg[]): string[] {
  return [...new Set(path.flatMap(({ release }) => release?.product ?? []))]
}

export type ApprovalReason = Campaign['approval']['neededBecause'][number]

export interface CampaignRow {
  readonly campaignId: string
  readonly name: string
  readonly artifactId: string
  /** Of the last leg. */
  readonly artifact: PlannedArtifact
  /** One leg at least. */
  readonly path: readonly PlannedLeg[]
  readonly state: CampaignState
  readonly stateReason: string | null
  readonly targets: DeviceFilter
  readonly policy: Policy
  readonly seed: string
  readonly size: number
  readonly leftOut: number
  readonly leftOutBy: Readonly<Record<string, number>>
  readonly planStage: PlanStage
  readonly planCursor: string | null
  /** The rank that each wave filled by rank begins with, from the second of them on; null until they are known. */
  readonly waveBounds: readonly string[] | null
  /** Who comes to fit the targets until then joins in; null: nobody does. */
  readonly dynamicEndsAt: number | null
  /** The campaign whose devices this one takes back. */
  readonly rollbackOf: string | null
  /** Whose devices it tries again. */
  readonly retryOf: RetryOf | null
  /** Why a second person has to agree before it may start. */
  readonly approvalNeeded: readonly ApprovalReason[]
  readonly approvedBy: string | null
  readonly approvedAt: number | null
  /** From when on the next image may be started without the line's budget being overdrawn. */
  readonly egressUntil: number | null
  readonly checkAt: number | null
  readonly createdAt: number
  readonly createdBy: string
  readonly updatedAt: number
}

const columns = `campaign_id as "campaignId", name, artifact_id as "artifactId", artifact,
  coalesce(path, jsonb_build_array(artifact)) as path, state, state_reason as "stateReason",
  targets, policy, seed, size, left_out as "leftOut", left_out_by as "leftOutBy", plan_stage as "planStage",
  plan_cursor as "planCursor", wave_bounds as "waveBounds", dynamic_ends_at as "dynamicEndsAt",
  rollback_of as "rollbackOf", retry_of as "retryOf", approval_needed as "approvalNeeded", approved_by as "approvedBy", approved_at as "approvedAt",
  egress_until as "egressUntil",
  check_at as "checkAt", created_at as "createdAt", created_by as "createdBy", updated_at as "updatedAt"`

export type NewCampaign = Pick<
  CampaignRow,
  | 'campaignId'
  | 'name'
  | 'path'
  | 'targets'
  | 'policy'
  | 'seed'
  | 'dynamicEndsAt'
  | 'approvalNeeded'
  | 'createdAt'
  | 'createdBy'
> & { readonly rollbackOf?: string; readonly retryOf?: RetryOf | undefined }

export async function insertCampaign(db: Queryable, row: NewCampaign): Promise<void> {
  const { from: _, steppingStone: __, release: ___, ...artifact } = row.path.at(-1)!
  await db.query(
    `insert into scheduler.campaigns (campaign_id, name, artifact_id, artifact, path, state, targets, policy, seed,
       dynamic_ends_at, rollback_of, retry_of, approval_needed, created_at, created_by, updated_at)
     values ($1, $2, $3, $4, $5, 'planning', $6, $7, $8, $9, $10, $11, $12, $13, $14, $13)`,
    [
      row.campaignId,
      row.name,
      artifact.artifactId,
      artifact,
      json(row.path),
      row.targets,
      row.policy,
      row.seed,
      row.dynamicEndsAt,
      row.rollbackOf,
      row.retryOf,
      json(row.approvalNeeded),
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

/** Whichever leg it is of. */
export function campaignsOfArtifact(db: Queryable, artifactId: string): Promise<{ campaignId: string }[]> {
  return db.query(
    `select campaign_id as "campaignId" from scheduler.campaigns
     where artifact_id = $1 or path @> jsonb_build_array(jsonb_build_object('artifactId', $1::text)) order by campaign_id`,
    [artifactId],
  )
}

/** Whichever leg rests on it. */
export function campaignsOfRelease(db: Queryable, releaseId: string): Promise<{ campaignId: string }[]> {
  return db.query(
    `select campaign_id as "campaignId" from scheduler.campaigns
     where path @> jsonb_build_array(jsonb_build_object('release', jsonb_build_object('releaseId', $1::text)))
     order by campaign_id`,
    [releaseId],
  )
}

/** Its legs rest on other releases than they did. */
export async function setPath(tx: Queryable, campaignId: string, path: readonly PlannedLeg[]): Promise<void> {
  await tx.query(`update scheduler.campaigns set path = $2 where campaign_id = $1`, [campaignId, json(path)])
}

/** In force for who locks the campaign next. */
export async function writeCaps(tx: Queryable, campaignId: string, caps: Caps, at: number): Promise<void> {
  await tx.query(
    `update scheduler.campaigns set policy = jsonb_set(policy, '{caps}', $2::jsonb), updated_at = $3 where campaign_id = $1`,
    [campaignId, json(caps), at],
  )
}

/** Those of an owner. */
export function campaignsToPlan(db: Queryable, owner: string): Promise<{ campaignId: string }[]> {
  return db.query(
    `select campaign_id as "campaignId" from scheduler.campaigns join scheduler.owners using (campaign_id)
     where owner = $1 and plan_stage <> 'planned' and state = 'planning' order by campaign_id`,
    [owner],
  )
}

/** Those of an owner. */
export function campaignsToCheck(
  db: Queryable,
  owner: string,
  now: number,
  limit: number,
): Promise<{ campaignId: string }[]> {
  return db.query(
    `select campaign_id as "campaignId" from scheduler.campaigns join scheduler.owners using (campaign_id)
     where owner = $1 and check_at <= $2 order by check_at limit $3`,
    [owner, now, limit],
  )
}

/** Its owner is to look at its gate now; where it is about to, nothing is written. */
export async function askForCheck(db: Queryable, campaignId: string, now: number): Promise<void> {
  await db.query(`update scheduler.campaigns set check_at = $2 where campaign_id = $1 and check_at > $2`, [
    campaignId,
    now,
  ])
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

/** Until then its downloads are refused by name. */
export async function keepStopped(tx: Queryable, campaignId: string, until: number): Promise<void> {
  await tx.query(`update scheduler.campaigns set stopped_until = $2 where campaign_id = $1`, [campaignId, until])
}

export interface PlanStep {
  readonly stage: PlanStage
  readonly cursor: string | null
  readonly added: number
  /** Devices left out, by reason. */
  readonly leftOut: Readonly<Record<string, number>>
}

/** One page of the plan is written; false when another replica was faster. */
export async function advancePlan(tx: Queryable, campaign: CampaignRow, step: PlanStep): Promise<boolean> {
  const leftOut = Object.values(step.leftOut).reduce((sum, n) => sum + n, 0)
  const moved = await tx.query(
    `update scheduler.campaigns set plan_stage = $4, plan_cursor = $5, size = size + $6, left_out = left_out + $7,
       left_out_by = case when $7 = 0 then left_out_by else (
         select jsonb_object_agg(reason, n) from (
           select key as reason, sum(value::bigint) as n
           from (select * from jsonb_each_text(left_out_by) union all select * from jsonb_each_text($8::jsonb)) each group by key) sums) end
     where campaign_id = $1 and plan_stage = $2 and plan_cursor is not distinct from $3 and state = 'planning' returning 1`,
    [
      campaign.campaignId,
      campaign.planStage,
      campaign.planCursor,
      step.stage,
      step.cursor,
      step.added,
      leftOut,
      json(step.leftOut),
    ],
  )
  return moved.length === 1
}

export async function setWaveBounds(tx: Queryable, campaignId: string, bounds: readonly string[]): Promise<void> {
  await tx.query(`update scheduler.campaigns set wave_bounds = $2 where campaign_id = $1`, [campaignId, bounds])
}

/** Who agreed to it before did not agree to this. */
export async function needApproval(tx: Queryable, campaign: CampaignRow, reason: ApprovalReason): Promise<void> {
  const reasons = [...new Set([...campaign.approvalNeeded, reason])]
  await tx.query(
    `update scheduler.campaigns set approval_needed = $2, approved_by = null, approved_at = null where campaign_id = $1`,
    [campaign.campaignId, json(reasons)],
  )
}

/** Its size is the number of its upgrades. */
export async function growCampaign(tx: Queryable, campaignId: string, by: number): Promise<void> {
  await tx.query(`update scheduler.campaigns set size = size + $2 where campaign_id = $1`, [campaignId, by])
}

/** Of a dynamic campaign: whoever comes to fit its targets from now on is not taken in. */
export async function stopJoining(tx: Queryable, campaignId: string, at: number): Promise<void> {
  await tx.query(
    `update scheduler.campaigns set dynamic_ends_at = least(dynamic_ends_at, $2), updated_at = $2
     where campaign_id = $1 and dynamic_ends_at is not null`,
    [campaignId, at],
  )
}

export async function setCheckAt(db: Queryable, campaignId: string, at: number | null): Promise<void> {
  await db.query(`update scheduler.campaigns set check_at = $2 where campaign_id = $1`, [campaignId, at])
}

/** False when somebody has approved it already. */
export async function approveCampaign(tx: Queryable, campaignId: string, by: string, at: number): Promise<boolean> {
  const approved = await tx.query(
    `update scheduler.campaigns set approved_by = $2, approved_at = $3, updated_at = $3
     where campaign_id = $1 and approved_by is null returning 1`,
    [campaignId, by, at],
  )
  return approved.length === 1
}

export async function setEgressUntil(tx: Queryable, campaignId: string, until: number): Promise<void> {
  await tx.query(`update scheduler.campaigns set egress_until = $2 where campaign_id = $1`, [campaignId, until])
}

/** The campaign that takes the devices of this one back and is not over. */
export async function openRollbackOf(tx: Queryable, campaignId: string): Promise<string | undefined> {
  const [row] = await tx.query<{ id: string }>(
    `select campaign_id as id from scheduler.campaigns
     where rollback_of = $1 and state not in ('aborted', 'finished') limit 1`,
    [campaignId],
  )
  return row?.id
}
