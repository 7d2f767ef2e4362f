import { type Upgrade, planUpgrade } from '@sluice/rollout'
import { json, type Queryable } from '@sluice/sql'
import type { PlannedLeg } from './campaigns.ts'

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
  /** 1, and more after a stepping stone. */
  readonly leg: number
  readonly site: string | null
  readonly zone: string | null
  /** Of the leg it is planned for now. */
  readonly artifactId: string | null
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

/** Of a table, or what stands for it, by the name of `upgrades`. */
const columns = `upgrade_id as "upgradeId", upgrades.campaign_id as "campaignId", device_key as "deviceKey", device_name as "deviceName",
  oui, product_class as "productClass", hardware_version as "hardwareVersion", wave, leg, site, zone, upgrades.artifact_id as "artifactId",
  upgrades.state, counts_as as "countsAs", version, machine, due_at as "dueAt", attempt_id as "attemptId",
  reported_version as "reportedVersion", returning_at as "returningAt", returned_ms as "returnedMs", upgrades.updated_at as "updatedAt",
  case when machine is null then (
    select planned from scheduler.campaigns c, jsonb_array_elements(coalesce(c.path, jsonb_build_array(c.artifact))) planned
    where c.campaign_id = upgrades.campaign_id and planned->>'artifactId' = coalesce(upgrades.artifact_id, c.artifact_id) limit 1
  ) end as "plannedLeg"`

type StoredRow = Omit<UpgradeRow, 'machine'> & {
  readonly machine: Upgrade | null
  readonly plannedLeg: PlannedLeg | null
}

async function readRows(db: Queryable, text: string, values: readonly unknown[]): Promise<UpgradeRow[]> {
  return (await db.query<StoredRow>(text, values)).map(toRow)
}

/** Before the first fact there is nothing to store of the machine: it follows from the plan. */
function toRow({ plannedLeg, machine, ...row }: StoredRow): UpgradeRow {
  if (machine !== null) return { ...row, machine }
  if (plannedLeg === null)
    throw new Error(`upgrade ${row.upgradeId} is for an artifact that its campaign does not have`)
  const { upgradeId, campaignId, deviceKey } = row
  const { softwareVersions: targetVersions, size: imageBytes, hosting } = plannedLeg
  const plan = { upgradeId, campaignId, deviceKey, targetVersions: [...targetVersions], imageBytes }
  return { ...row, machine: planUpgrade({ ...plan, hosting: hosting === 'file_server' ? 'ours' : 'operator' }) }
}

/** In the order of their ids, which is the order in which everybody locks them. Always before any campaign. */
export function lockUpgrades(tx: Queryable, upgradeIds: readonly string[]): Promise<UpgradeRow[]> {
  if (upgradeIds.length === 0) return Promise.resolve([])
  return readRows(
    tx,
    `select ${columns} from scheduler.upgrades where upgrade_id = any($1) order by upgrade_id for no key update`,
    [upgradeIds],
  )
}

/** Those whose time has come and nobody else holds. */
export function lockDueUpgrades(tx: Queryable, now: number, limit: number): Promise<UpgradeRow[]> {
  return readRows(
    tx,
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
       due_at = r."dueAt", artifact_id = r."artifactId", attempt_id = r."attemptId", reported_version = r."reportedVersion",
       returning_at = r."returningAt", returned_ms = r."returnedMs", updated_at = r."updatedAt"
     from jsonb_to_recordset($1::jsonb) as r("upgradeId" text, seen integer, state text, "countsAs" text, version integer,
       machine jsonb, "dueAt" bigint, "artifactId" text, "attemptId" text, "reportedVersion" text, "returningAt" bigint, "returnedMs" bigint,
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
  const values = [
    filter.campaignId ?? null,
    filter.deviceKey ?? null,
    filter.state ?? null,
    filter.wave ?? null,
    filter.afterId ?? '',
    filter.limit,
  ]
  const fitting = `($1::text is null or campaign_id = $1) and ($2::text is null or device_key = $2) and ($3::text is null or state = $3)
    and ($4::integer is null or wave = $4) and upgrade_id > $5`
  const page = (more: string) =>
    `(select * from scheduler.upgrades where ${fitting} ${more} order by upgrade_id limit $6)`
  // Each half of a wave has its index.
  const source =
    filter.campaignId === undefined || filter.wave === undefined
      ? page('')
      : `(${page(`and state in ('pending', 'retry')`)} union all ${page(`and state not in ('pending', 'retry')`)})`
  return readRows(db, `select ${columns} from ${source} upgrades order by upgrade_id limit $6`, values)
}

/**
 * Those that gateways should know something of, in the order of upgrade id: what has a timer (open, or not final yet),
 * and what waits in an opened wave. What is final is not even looked at.
 */
export function listPlaceable(db: Queryable, afterId: string, limit: number): Promise<UpgradeRow[]> {
  return readRows(
    db,
    `select ${columns} from (
       (select * from scheduler.upgrades where upgrade_id > $1 and due_at is not null order by upgrade_id limit $2)
       union all
       (select waiting.* from scheduler.campaigns c join scheduler.waves w using (campaign_id) cross join lateral (
          select * from scheduler.upgrades u
          where u.campaign_id = w.campaign_id and u.wave = w.wave and u.upgrade_id > $1 and u.state in ('pending', 'retry')
            and u.due_at is null and (u.state = 'retry' or c.state = 'running')
          order by u.upgrade_id limit $2) waiting
        where c.state in ('running', 'paused') and w.opened_at is not null)) upgrades
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
  return readRows(
    tx,
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
  return readRows(
    tx,
    `select ${columns} from scheduler.upgrades where campaign_id = $1 and upgrade_id > $2
       and counts_as in ('pending', 'in_flight', 'unproven')
     order by upgrade_id limit $3 for no key update`,
    [campaignId, afterId, limit],
  )
}

/** Those that were not offered anything, or wait for another try. */
export function lockNextWaiting(
  tx: Queryable,
  campaignId: string,
  afterId: string,
  limit: number,
): Promise<UpgradeRow[]> {
  return readRows(
    tx,
    `select ${columns} from scheduler.upgrades where campaign_id = $1 and upgrade_id > $2 and counts_as = 'pending'
     order by upgrade_id limit $3 for no key update`,
    [campaignId, afterId, limit],
  )
}

/** Those of these devices that have no outcome, in the order of their ids, locked. */
export function lockUnsettledOf(tx: Queryable, deviceKeys: readonly string[]): Promise<UpgradeRow[]> {
  if (deviceKeys.length === 0) return Promise.resolve([])
  return readRows(
    tx,
    `select ${columns} from scheduler.upgrades where device_key = any($1) and counts_as in ('pending', 'in_flight', 'unproven')
     order by upgrade_id for no key update`,
    [deviceKeys],
  )
}

/** Writes where their devices are. */
export async function moveToPlaces(
  tx: Queryable,
  rows: readonly Pick<UpgradeRow, 'upgradeId' | 'site' | 'zone'>[],
): Promise<void> {
  if (rows.length === 0) return
  await tx.query(
    `update scheduler.upgrades u set site = r.site, zone = r.zone
     from unnest($1::text[], $2::text[], $3::text[]) as r(upgrade_id, site, zone) where u.upgrade_id = r.upgrade_id`,
    [rows.map(({ upgradeId }) => upgradeId), rows.map(({ site }) => site), rows.map(({ zone }) => zone)],
  )
}

/** The next of all campaigns that were offered and have no outcome, locked. */
export function lockNextExcusable(tx: Queryable, afterId: string, limit: number): Promise<UpgradeRow[]> {
  return readRows(
    tx,
    `select ${columns} from scheduler.upgrades where upgrade_id > $1 and (counts_as in ('in_flight', 'unproven') or state = 'retry')
     order by upgrade_id limit $2 for no key update`,
    [afterId, limit],
  )
}

/** What a claim for one campaign has to know of an upgrade of the same device in another one. */
export interface RivalUpgrade extends Pick<
  UpgradeRow,
  'deviceKey' | 'campaignId' | 'oui' | 'productClass' | 'artifactId' | 'reportedVersion'
> {
  readonly weight: number
}

/** Those of these devices that running campaigns wait for, in waves that are open. */
export function waitingElsewhere(tx: Queryable, deviceKeys: readonly string[]): Promise<RivalUpgrade[]> {
  return tx.query(
    `select u.device_key as "deviceKey", u.campaign_id as "campaignId", u.oui, u.product_class as "productClass",
       u.artifact_id as "artifactId", u.reported_version as "reportedVersion", (c.policy->>'weight')::integer as weight
     from scheduler.upgrades u join scheduler.campaigns c using (campaign_id)
       join scheduler.waves w on w.campaign_id = u.campaign_id and w.wave = u.wave
     where u.device_key = any($1) and u.counts_as = 'pending' and c.state = 'running' and w.opened_at is not null
       and w.state <> 'stopped'`,
    [deviceKeys],
  )
}

export async function findUpgrade(db: Queryable, upgradeId: string): Promise<UpgradeRow | undefined> {
  const [row] = await readRows(db, `select ${columns} from scheduler.upgrades where upgrade_id = $1`, [upgradeId])
  return row
}
