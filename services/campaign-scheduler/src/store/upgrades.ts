import type { Upgrade } from '@sluice/rollout'
import { json, type Queryable } from '@sluice/sql'

/** One device in one campaign: the machine's record and what the scheduler knows around it. */
export interface UpgradeRow {
  readonly upgradeId: string
  readonly campaignId: string
  readonly deviceKey: string
  readonly deviceName: string
  readonly oui: string
  readonly productClass: string
  readonly hardwareVersion: string | null
  /** 0 until the campaign is ranked. */
  readonly wave: number
  /** The machine's state, and once settled the outcome's kind. */
  readonly state: string
  readonly countsAs: string
  readonly version: number
  readonly machine: Upgrade
  readonly dueAt: number | null
  /** The last try, open or not. */
  readonly attemptId: string | null
  readonly reportedVersion: string | null
  /** Since when it is coming back, and how long that took. */
  readonly returningAt: number | null
  readonly returnedMs: number | null
  readonly updatedAt: number
}

const columns = `upgrade_id as "upgradeId", campaign_id as "campaignId", device_key as "deviceKey", device_name as "deviceName",
  oui, product_class as "productClass", hardware_version as "hardwareVersion", wave, state, counts_as as "countsAs", version,
  machine, due_at as "dueAt", attempt_id as "attemptId", reported_version as "reportedVersion",
  returning_at as "returningAt", returned_ms as "returnedMs", updated_at as "updatedAt"`

export type NewUpgrade = Omit<UpgradeRow, 'wave' | 'dueAt' | 'attemptId' | 'version' | 'returningAt' | 'returnedMs'> & {
  readonly rank: string
}

/** Devices that are planned already stay as they are; the answer is how many were new. */
export async function insertUpgrades(tx: Queryable, rows: readonly NewUpgrade[]): Promise<number> {
  if (rows.length === 0) return 0
  const inserted = await tx.query(
    `insert into scheduler.upgrades (upgrade_id, campaign_id, device_key, device_name, oui, product_class, hardware_version, rank,
       state, counts_as, version, machine, reported_version, updated_at)
     select "upgradeId", "campaignId", "deviceKey", "deviceName", oui, "productClass", "hardwareVersion", rank,
       state, "countsAs", (machine->>'version')::integer, machine, "reportedVersion", "updatedAt"
     from jsonb_to_recordset($1::jsonb) as r("upgradeId" text, "campaignId" text, "deviceKey" text, "deviceName" text, oui text,
       "productClass" text, "hardwareVersion" text, rank text, state text, "countsAs" text, machine jsonb, "reportedVersion" text,
       "updatedAt" bigint)
     on conflict (campaign_id, device_key) do nothing returning 1`,
    [json(rows)],
  )
  return inserted.length
}

/** In the order of their ids, which is the order in which everybody locks them. Always before any campaign. */
export function lockUpgrades(tx: Queryable, upgradeIds: readonly string[]): Promise<UpgradeRow[]> {
  if (upgradeIds.length === 0) return Promise.resolve([])
  return tx.query<UpgradeRow>(
    `select ${columns} from scheduler.upgrades where upgrade_id = any($1) order by upgrade_id for no key update`,
    [upgradeIds],
  )
}

/** Those whose time has come and nobody else holds. */
export function lockDueUpgrades(tx: Queryable, now: number, limit: number): Promise<UpgradeRow[]> {
  return tx.query<UpgradeRow>(
    `select * from (select ${columns} from scheduler.upgrades where due_at <= $1 order by due_at limit $2 for no key update skip locked) due
     order by "upgradeId"`,
    [now, limit],
  )
}

export async function postponeUpgrades(tx: Queryable, upgradeIds: readonly string[], until: number): Promise<void> {
  if (upgradeIds.length === 0) return
  await tx.query(`update scheduler.upgrades set due_at = $2 where upgrade_id = any($1)`, [upgradeIds, until])
}

/** Compare-and-set on the machine's version; answers the ids that were written. */
export async function saveUpgrades(
  tx: Queryable,
  rows: readonly { readonly before: UpgradeRow; readonly after: UpgradeRow }[],
): Promise<Set<string>> {
  if (rows.length === 0) return new Set()
  const changes = rows.map(({ before, after }) => ({ ...after, seen: before.version }))
  const saved = await tx.query<{ upgradeId: string }>(
    `update scheduler.upgrades u set state = r.state, counts_as = r."countsAs", version = r.version, machine = r.machine,
       due_at = r."dueAt", attempt_id = r."attemptId", reported_version = r."reportedVersion",
       returning_at = r."returningAt", returned_ms = r."returnedMs", updated_at = r."updatedAt"
     from jsonb_to_recordset($1::jsonb) as r("upgradeId" text, seen integer, state text, "countsAs" text, version integer,
       machine jsonb, "dueAt" bigint, "attemptId" text, "reportedVersion" text, "returningAt" bigint, "returnedMs" bigint,
       "updatedAt" bigint)
     where u.upgrade_id = r."upgradeId" and u.version = r.seen returning u.upgrade_id as "upgradeId"`,
    [json(changes)],
  )
  return new Set(saved.map((row) => row.upgradeId))
}

export interface UpgradeFilter {
  readonly campaignId?: string | undefined
  readonly deviceKey?: string | undefined
  readonly state?: string | undefined
  readonly wave?: number | undefined
  readonly afterId?: string | undefined
  readonly limit: number
}

/** In the order of upgrade id. */
export function listUpgrades(db: Queryable, filter: UpgradeFilter): Promise<UpgradeRow[]> {
  return db.query<UpgradeRow>(
    `select ${columns} from scheduler.upgrades
     where ($1::text is null or campaign_id = $1) and ($2::text is null or device_key = $2) and ($3::text is null or state = $3)
       and ($4::integer is null or wave = $4) and upgrade_id > $5
     order by upgrade_id limit $6`,
    [
      filter.campaignId ?? null,
      filter.deviceKey ?? null,
      filter.state ?? null,
      filter.wave ?? null,
      filter.afterId ?? '',
      filter.limit,
    ],
  )
}

/**
 * Those that gateways should know something of, in the order of upgrade id: what has a timer (open, or not final yet),
 * and what waits in an opened wave. What is final is not even looked at.
 */
export function listPlaceable(db: Queryable, afterId: string, limit: number): Promise<UpgradeRow[]> {
  return db.query<UpgradeRow>(
    `select ${columns} from (
       (select * from scheduler.upgrades where upgrade_id > $1 and due_at is not null order by upgrade_id limit $2)
       union all
       (select waiting.* from scheduler.campaigns c join scheduler.waves w using (campaign_id) cross join lateral (
          select * from scheduler.upgrades u
          where u.campaign_id = w.campaign_id and u.wave = w.wave and u.upgrade_id > $1 and u.state in ('pending', 'retry')
            and u.due_at is null and (u.state = 'retry' or c.state = 'running')
          order by u.upgrade_id limit $2) waiting
        where c.state in ('running', 'paused') and w.opened_at is not null)) placeable
     order by upgrade_id limit $2`,
    [afterId, limit],
  )
}

/** The next of a campaign that wait in this wave. */
export function nextWaiting(
  tx: Queryable,
  campaignId: string,
  wave: number,
  afterId: string,
  limit: number,
): Promise<UpgradeRow[]> {
  return tx.query<UpgradeRow>(
    `select ${columns} from scheduler.upgrades where campaign_id = $1 and wave = $2 and upgrade_id > $3 and state in ('pending', 'retry')
     order by upgrade_id limit $4`,
    [campaignId, wave, afterId, limit],
  )
}

/** The next of a campaign that have no outcome, locked. */
export function lockNextUnsettled(
  tx: Queryable,
  campaignId: string,
  afterId: string,
  limit: number,
): Promise<UpgradeRow[]> {
  return tx.query<UpgradeRow>(
    `select ${columns} from scheduler.upgrades where campaign_id = $1 and upgrade_id > $2
       and counts_as in ('pending', 'in_flight', 'unproven')
     order by upgrade_id limit $3 for no key update`,
    [campaignId, afterId, limit],
  )
}

/** The next of all campaigns that were offered and have no outcome, locked. */
export function lockNextExcusable(tx: Queryable, afterId: string, limit: number): Promise<UpgradeRow[]> {
  return tx.query<UpgradeRow>(
    `select ${columns} from scheduler.upgrades where upgrade_id > $1 and (counts_as in ('in_flight', 'unproven') or state = 'retry')
     order by upgrade_id limit $2 for no key update`,
    [afterId, limit],
  )
}

/** Which of these devices a heavier running campaign waits for, in a wave that is open. */
export function heavierRivals(
  tx: Queryable,
  deviceKeys: readonly string[],
): Promise<{ deviceKey: string; campaignId: string; weight: number }[]> {
  return tx.query(
    `select u.device_key as "deviceKey", u.campaign_id as "campaignId", (c.policy->>'weight')::integer as weight
     from scheduler.upgrades u join scheduler.campaigns c using (campaign_id)
       join scheduler.waves w on w.campaign_id = u.campaign_id and w.wave = u.wave
     where u.device_key = any($1) and u.counts_as = 'pending' and c.state = 'running' and w.opened_at is not null`,
    [deviceKeys],
  )
}

/** One page of a campaign's upgrades whose wave is not set yet, in the order of their rank. */
export function nextToRank(tx: Queryable, campaignId: string, limit: number): Promise<{ upgradeId: string }[]> {
  return tx.query(
    `select upgrade_id as "upgradeId" from scheduler.upgrades where campaign_id = $1 and wave = 0 order by rank, device_key limit $2`,
    [campaignId, limit],
  )
}

export async function setWave(tx: Queryable, upgradeIds: readonly string[], wave: number): Promise<void> {
  await tx.query(`update scheduler.upgrades set wave = $2 where upgrade_id = any($1)`, [upgradeIds, wave])
}

export async function findUpgrade(db: Queryable, upgradeId: string): Promise<UpgradeRow | undefined> {
  const [row] = await db.query<UpgradeRow>(`select ${columns} from scheduler.upgrades where upgrade_id = $1`, [
    upgradeId,
  ])
  return row
}
