import type { Queryable } from '@sluice/sql'

/** An upgrade of which nothing more can become: settled, and the time for late facts is over. */
const OVER = `counts_as not in ('pending', 'in_flight', 'unproven') and due_at is null`

/** The next entries about a device, of upgrades that are over or of none. */
export async function entriesOfDevice(tx: Queryable, deviceKey: string, limit: number): Promise<number[]> {
  const rows = await tx.query<{ seq: number }>(
    `select seq from scheduler.journal j where device_key = $1
       and not exists (select 1 from scheduler.upgrades u where u.upgrade_id = j.upgrade_id and not (${OVER}))
       and not exists (select 1 from scheduler.journal_unsealed s where s.seq = j.seq)
     order by seq limit $2`,
    [deviceKey, limit],
  )
  return rows.map(({ seq }) => seq)
}

/** Between which entries lies what is not sealed yet; undefined: all is. */
export async function findUnsealed(db: Queryable): Promise<{ first: number; last: number } | undefined> {
  const [row] = await db.query<{ first: number | null; last: number | null }>(
    `select min(seq) as first, max(seq) as last from scheduler.journal_unsealed`,
  )
  return row?.first == null || row.last === null ? undefined : { first: row.first, last: row.last }
}

/** The campaigns that a device was in. */
export async function campaignsOfDevice(db: Queryable, deviceKey: string): Promise<string[]> {
  const rows = await db.query<{ campaignId: string }>(
    `select distinct campaign_id as "campaignId" from scheduler.upgrades where device_key = $1`,
    [deviceKey],
  )
  return rows.map(({ campaignId }) => campaignId)
}

/**
 * The next events of a campaign to gateways, and whether they name a device: copies of what is long delivered. A
 * campaign has many, and each has to be read: `limit` bounds how many are.
 */
export function eventsAfter(
  db: Queryable,
  campaignId: string,
  deviceKey: string,
  afterSeq: number,
  limit: number,
): Promise<{ seq: number; isNaming: boolean }[]> {
  return db.query(
    `select seq, position($2 in data::text) > 0 as "isNaming" from scheduler.journal
     where campaign_id = $1 and direction = 'out' and seq > $3 order by seq limit $4`,
    [campaignId, deviceKey, afterSeq, limit],
  )
}

/** Upgrades of a device that are over, locked, and how many are not. */
export async function lockUpgradesOver(tx: Queryable, deviceKey: string): Promise<string[]> {
  const rows = await tx.query<{ upgradeId: string }>(
    `select upgrade_id as "upgradeId" from scheduler.upgrades where device_key = $1 and ${OVER} order by upgrade_id for no key update`,
    [deviceKey],
  )
  return rows.map(({ upgradeId }) => upgradeId)
}

export async function countUpgradesNotOver(db: Queryable, deviceKey: string): Promise<number> {
  const [row] = await db.query<{ n: number }>(
    `select count(*) as n from scheduler.upgrades where device_key = $1 and not (${OVER})`,
    [deviceKey],
  )
  return row?.n ?? 0
}

/** An upgrade that still counts, and no longer says whose it was. */
export async function blankUpgrade(tx: Queryable, upgradeId: string, nobody: string): Promise<void> {
  await tx.query(
    `update scheduler.upgrades set device_key = $2, device_name = 'erased', hardware_version = null, site = null, zone = null,
       attempt_id = null, reported_version = null,
       machine = jsonb_set(jsonb_set(jsonb_set(machine, '{deviceKey}', to_jsonb($2::text)), '{tries}', '[]'), '{last}', 'null')
     where upgrade_id = $1`,
    [upgradeId, nobody],
  )
}

/** What stands around these upgrades, and is about their devices alone. */
export async function deleteAround(tx: Queryable, upgradeIds: readonly string[]): Promise<void> {
  if (upgradeIds.length === 0) return
  for (const table of ['attempts', 'backups', 'kept_settings', 'open_attempts']) {
    await tx.query(`delete from scheduler.${table} where upgrade_id = any($1)`, [upgradeIds])
  }
}

export async function deleteSignalsOf(tx: Queryable, deviceKey: string): Promise<void> {
  await tx.query(`delete from scheduler.signals where device_key = $1`, [deviceKey])
}

/** Of a campaign `c`: what may still move, and entries about devices that cannot be erased yet. Each question has an index. */
const NOT_OVER = `
  exists (select 1 from scheduler.upgrades u where u.campaign_id = c.campaign_id and u.due_at is not null)
  or exists (select 1 from scheduler.upgrades u where u.campaign_id = c.campaign_id and u.state in ('pending', 'retry'))
  or exists (select 1 from scheduler.journal_unsealed join scheduler.journal j using (seq)
    where j.campaign_id = c.campaign_id and (j.device_key is not null or j.direction = 'out'))
  or exists (select 1 from scheduler.journal_outbox join scheduler.journal j using (seq) where j.campaign_id = c.campaign_id)`

/**
 * A campaign `c` that ended before `$1` and whose devices are still on record. Of one that ended, devices may still be at
 * work, and be heard of: none is forgotten before all of its upgrades are over.
 */
const TO_FORGET = `state in ('aborted', 'finished') and devices_erased_at is null and updated_at < $1 and not (${NOT_OVER})`

/** Of a campaign `c`: its report is kept, or was given up after so many tries. */
const IS_REPORTED = `exists (select 1 from scheduler.kept_reports r where r.campaign_id = c.campaign_id
  and (r.report is not null or r.tries >= 3))`

/** The first campaign whose devices are to be forgotten once its report is kept. */
export async function findUnreported(db: Queryable, before: number): Promise<string | undefined> {
  const [row] = await db.query<{ campaignId: string }>(
    `select campaign_id as "campaignId" from scheduler.campaigns c where ${TO_FORGET} and not ${IS_REPORTED}
     order by campaign_id limit 1`,
    [before],
  )
  return row?.campaignId
}

/** The first campaign whose devices may go now, that nobody else is at. */
export async function takeCampaignToForget(tx: Queryable, before: number): Promise<string | undefined> {
  const [row] = await tx.query<{ campaignId: string }>(
    `select campaign_id as "campaignId" from scheduler.campaigns c
     where ${TO_FORGET} and ${IS_REPORTED} order by campaign_id limit 1 for no key update skip locked`,
    [before],
  )
  return row?.campaignId
}

/** The next entries of a campaign that are about devices. */
export async function entriesOfCampaign(tx: Queryable, campaignId: string, limit: number): Promise<number[]> {
  const rows = await tx.query<{ seq: number }>(
    `select seq from scheduler.journal j where campaign_id = $1 and (device_key is not null or direction = 'out')
       and not exists (select 1 from scheduler.journal_outbox o where o.seq = j.seq)
       and not exists (select 1 from scheduler.journal_unsealed s where s.seq = j.seq)
       and not exists (select 1 from scheduler.journal_refused r where r.seq = j.seq)
     order by seq limit $2`,
    [campaignId, limit],
  )
  return rows.map(({ seq }) => seq)
}

/** Deletes the next upgrades of a campaign with all that hangs on them; answers how many. Tallies stay. */
export async function deleteUpgrades(tx: Queryable, campaignId: string, limit: number): Promise<number> {
  const rows = await tx.query<{ upgradeId: string }>(
    `select upgrade_id as "upgradeId" from scheduler.upgrades where campaign_id = $1 order by upgrade_id limit $2 for update`,
    [campaignId, limit],
  )
  const ids = rows.map(({ upgradeId }) => upgradeId)
  await deleteAround(tx, ids)
  await tx.query(`delete from scheduler.upgrades where upgrade_id = any($1)`, [ids])
  return ids.length
}

export async function markDevicesErased(tx: Queryable, campaignId: string, at: number): Promise<void> {
  await tx.query(`delete from scheduler.signals where campaign_id = $1`, [campaignId])
  await tx.query(`update scheduler.campaigns set devices_erased_at = $2 where campaign_id = $1`, [campaignId, at])
}

/** The next entries before `before` that belong to no campaign: what came in, and what nobody could be found for. */
export async function entriesOfNobody(tx: Queryable, before: number, limit: number): Promise<number[]> {
  const rows = await tx.query<{ seq: number }>(
    `select seq from scheduler.journal j where campaign_id is null and device_key is not null and at < $1
       and not exists (select 1 from scheduler.journal_unsealed s where s.seq = j.seq)
     order by at, seq limit $2`,
    [before, limit],
  )
  return rows.map(({ seq }) => seq)
}
