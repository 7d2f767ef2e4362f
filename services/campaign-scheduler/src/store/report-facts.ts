import type { Counters } from '@sluice/contracts'
import type { Outcome } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'

/** Upgrades read in one statement. */
const PAGE = 50_000

/**
 * What a report asks of each upgrade, in a narrow table that lives as long as the transaction: machines are read once, page by
 * page, and every figure is one look at it. Times are epoch ms, of the last try.
 */
export async function gatherFacts(tx: Queryable, campaignId: string): Promise<void> {
  await tx.query(`create temporary table report_facts (
    state text, counts_as text, leg integer, oui text, product_class text, attempts integer, outcome jsonb, fault integer,
    from_version text, target_version text, other_version text, reported_version text,
    offered_at bigint, answered_at bigint, first_byte_at bigint, last_byte_at bigint, completed_at bigint,
    target_at bigint, other_at bigint, booted_at bigint, settled_at bigint, updated_at bigint
  ) on commit drop`)
  let after: string | null = ''
  while (after !== null) after = await gatherPage(tx, campaignId, after)
}

async function gatherPage(tx: Queryable, campaignId: string, after: string): Promise<string | null> {
  const [page] = await tx.query<{ last: string | null }>(
    `with page as materialized (
       select * from scheduler.upgrades where campaign_id = $1 and upgrade_id > $2 order by upgrade_id limit ${PAGE}
     ), put as (
       insert into report_facts
       select u.state, u.counts_as, u.leg, u.oui, u.product_class, coalesce(m.attempts, 0),
         m.outcome - '{faultString,faultCode,changed,toVersion}'::text[],
         coalesce((m.outcome->>'faultCode')::integer, (m.tries->-1->>'faultCode')::integer),
         m."fromVersion",
         case when t."onTarget" is null then null
              when m."targetVersions" ? u.reported_version then u.reported_version else m."targetVersions"->>0 end,
         t."onOther"->>'version', u.reported_version,
         t."offeredAt", (t.answered->>'at')::bigint, t."firstByteAt", t."lastByteAt", t."completedAt",
         (t."onTarget"->>'firstAt')::bigint, (t."onOther"->>'firstAt')::bigint, (t.boots->>'firstAt')::bigint,
         m."settledAt", u.updated_at
       from page u
       cross join lateral jsonb_to_record(coalesce(u.machine, '{}')) as m(attempts integer, "fromVersion" text, "targetVersions" jsonb,
         outcome jsonb, tries jsonb, attempt jsonb, last jsonb, "settledAt" bigint)
       cross join lateral jsonb_to_record(coalesce(m.attempt, m.last, '{}')) as t("offeredAt" bigint, answered jsonb, "firstByteAt" bigint,
         "lastByteAt" bigint, "completedAt" bigint, "onTarget" jsonb, "onOther" jsonb, boots jsonb)
     )
     select max(upgrade_id) as last from page`,
    [campaignId, after],
  )
  return page?.last ?? null
}

export interface Extent {
  readonly planned: number
  readonly offered: number
  readonly accepted: number
  readonly fetched: number
  readonly returned: number
  readonly verified: number
  readonly attempts: number
  readonly firstOfferAt: number | null
  /** When the last one moved that was offered. */
  readonly lastMoveAt: number | null
}

/** How many got how far; who reached a later stage passed the earlier ones, heard of or not. */
export async function readExtent(tx: Queryable): Promise<Extent> {
  const verified = `state in ('verified', 'verified_config_lost')`
  const returned = `(${verified} or target_at is not null or other_at is not null or (booted_at is not null and fetched))`
  const [row] = await tx.query<Extent>(
    `select count(*) as planned, count(*) filter (where attempts > 0) as offered,
       count(*) filter (where answered_at is not null or first_byte_at is not null or fetched or ${returned}) as accepted,
       count(*) filter (where fetched or ${returned}) as fetched, count(*) filter (where ${returned}) as returned,
       count(*) filter (where ${verified}) as verified, coalesce(sum(attempts), 0)::bigint as attempts,
       min(offered_at) as "firstOfferAt", max(updated_at) filter (where attempts > 0) as "lastMoveAt"
     from (select *, last_byte_at is not null or (completed_at is not null and fault is null) as fetched from report_facts) f`,
  )
  return row!
}

export interface OutcomeGroup {
  readonly state: string
  readonly countsAs: string
  readonly outcome: Outcome
  readonly upgrades: number
}

export function readOutcomes(tx: Queryable, limit: number): Promise<OutcomeGroup[]> {
  return tx.query(
    `select state, counts_as as "countsAs", outcome, count(*) as upgrades from report_facts where outcome is not null
     group by state, counts_as, outcome order by upgrades desc, state, outcome limit $1`,
    [limit],
  )
}

export interface FailureGroup {
  readonly faultCode: number | null
  readonly outcome: Outcome
  readonly oui: string
  readonly productClass: string
  readonly upgrades: number
}

export function readFailures(tx: Queryable, limit: number): Promise<FailureGroup[]> {
  return tx.query(
    `select fault as "faultCode", outcome, oui, product_class as "productClass", count(*) as upgrades from report_facts
     where counts_as in ('hard', 'silent', 'stalled', 'config_lost') and outcome is not null
     group by fault, outcome, oui, product_class order by upgrades desc, fault, oui, product_class, outcome limit $1`,
    [limit],
  )
}

export interface StageRow {
  readonly stage: string
  readonly upgrades: number
  /** The 50th, 90th and 99th percentile, in ms. */
  readonly percentiles: readonly [number, number, number]
}

export function readStages(tx: Queryable): Promise<StageRow[]> {
  return tx.query(
    `select stage, count(*) as upgrades, percentile_disc(array[0.5, 0.9, 0.99]) within group (order by ms) as percentiles
     from report_facts cross join lateral (values
       ('answer', answered_at - offered_at), ('start', first_byte_at - coalesce(answered_at, offered_at)),
       ('transfer', last_byte_at - first_byte_at), ('return', target_at - coalesce(last_byte_at, completed_at)),
       ('proof', settled_at - target_at), ('whole', settled_at - offered_at)) as s(stage, ms)
     where counts_as = 'success' and ms >= 0 group by stage`,
  )
}

export interface VersionStep {
  readonly version: string | null
  /** 0: before the first offer. */
  readonly bucket: number
  readonly change: number
}

/** How the number of devices of each version changed: 0 is what they began with, then `buckets` equal parts of the time. */
export function readVersionSteps(tx: Queryable, from: number, to: number, buckets: number): Promise<VersionStep[]> {
  return tx.query(
    `with steps as (
       select coalesce(from_version, reported_version) as version, null::bigint as at, 1 as change from report_facts where leg = 1
       union all
       select step.version, step.at, step.change from report_facts cross join lateral (values
         (from_version, target_at, -1), (target_version, target_at, 1),
         (case when target_at is null then from_version end, case when target_at is null then other_at end, -1),
         (case when target_at is null then other_version end, case when target_at is null then other_at end, 1),
         (target_version, case when state in ('rolled_back', 'regressed') and target_at is not null then settled_at end, -1),
         (reported_version, case when state in ('rolled_back', 'regressed') and target_at is not null then settled_at end, 1)
       ) as step(version, at, change)
       where step.at is not null
     )
     select version, case when at is null then 0 else least($3::integer, greatest(1, ceil((at - $1::bigint)::float8 / ($2::bigint - $1::bigint) * $3::integer)::integer)) end as bucket,
       sum(change)::bigint as change
     from steps group by 1, 2 having sum(change) <> 0 order by 2, 1`,
    [from, to, buckets],
  )
}

export interface ActRow {
  readonly seq: number
  readonly at: number
  readonly actor: string
  readonly kind: string
  readonly wave: number | null
  readonly to: string | null
  readonly reason: string | null
  readonly counters: Counters | null
}

/** Its own entries in the journal, not those of its upgrades; oldest first. */
export function readActs(tx: Queryable, campaignId: string, limit: number): Promise<ActRow[]> {
  return tx.query(
    `select seq, at, actor, kind, case when jsonb_typeof(data->'wave') = 'number' then (data->>'wave')::integer end as wave,
       left(case when jsonb_typeof(data->'to') = 'string' then data->>'to' else data->>'changed' end, 1000) as "to", left(data->>'reason', 1000) as reason,
       case when jsonb_typeof(data->'counters') = 'object' then data->'counters' end as counters
     from scheduler.journal where campaign_id = $1 and kind like 'campaign.%' order by seq limit $2`,
    [campaignId, limit],
  )
}
