import { json, type Queryable } from '@sluice/sql'

/** So many upgrades more (or fewer) of a wave are in this state and count as this class. */
export interface TallyDelta {
  readonly campaignId: string
  readonly wave: number
  readonly state: string
  readonly countsAs: string
  readonly n: number
}

export type TallyRow = TallyDelta

const keyOf = (row: TallyDelta) => `${row.campaignId} ${String(row.wave).padStart(4, '0')} ${row.state} ${row.countsAs}`

/** Sums deltas by place and leaves out what comes to nothing, in the order of the places. */
function sumDeltas(deltas: readonly TallyDelta[]): TallyDelta[] {
  const sums = new Map<string, TallyDelta>()
  for (const delta of deltas) {
    const key = keyOf(delta)
    sums.set(key, { ...delta, n: (sums.get(key)?.n ?? 0) + delta.n })
  }
  return [...sums.entries()]
    .filter(([, delta]) => delta.n !== 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, delta]) => delta)
}

/** Rows are touched in one order by everybody, so that two transactions never wait for each other. */
export async function addToTallies(tx: Queryable, deltas: readonly TallyDelta[]): Promise<void> {
  const summed = sumDeltas(deltas)
  if (summed.length === 0) return
  await tx.query(
    `insert into scheduler.tallies (campaign_id, wave, state, counts_as, n)
     select "campaignId", wave, state, "countsAs", n
     from jsonb_to_recordset($1::jsonb) as d("campaignId" text, wave integer, state text, "countsAs" text, n bigint)
     on conflict (campaign_id, wave, state, counts_as) do update set n = scheduler.tallies.n + excluded.n`,
    [json(summed)],
  )
}

export function talliesOf(db: Queryable, campaignIds: readonly string[]): Promise<TallyRow[]> {
  return db.query<TallyRow>(
    `select campaign_id as "campaignId", wave, state, counts_as as "countsAs", n
     from scheduler.tallies where campaign_id = any($1) and n <> 0 order by campaign_id, wave, state, counts_as`,
    [campaignIds],
  )
}

/** What the tallies of a campaign would be if they were counted now. */
export function countUpgrades(db: Queryable, campaignId: string): Promise<TallyRow[]> {
  return db.query<TallyRow>(
    `select campaign_id as "campaignId", wave, state, counts_as as "countsAs", count(*) as n
     from scheduler.upgrades where campaign_id = $1
     group by campaign_id, wave, state, counts_as order by campaign_id, wave, state, counts_as`,
    [campaignId],
  )
}

/** Whether they differ from a fresh count, both read in one statement: tallies and upgrades are written together, so any one moment is whole. */
export async function talliesDiffer(db: Queryable, campaignId: string): Promise<boolean> {
  const [row] = await db.query(
    `select 1 from (select wave, state, counts_as, n from scheduler.tallies where campaign_id = $1 and n <> 0) stored
     full join (select wave, state, counts_as, count(*) as n from scheduler.upgrades where campaign_id = $1
                group by wave, state, counts_as) counted using (wave, state, counts_as)
     where stored.n is distinct from counted.n limit 1`,
    [campaignId],
  )
  return row !== undefined
}

export async function replaceTallies(tx: Queryable, campaignId: string, rows: readonly TallyRow[]): Promise<void> {
  await tx.query(`update scheduler.tallies set n = 0 where campaign_id = $1`, [campaignId])
  await addToTallies(tx, rows)
}

/** Work under way in all campaigns together. */
export async function globalUse(tx: Queryable): Promise<{ inFlight: number; unproven: number }> {
  const [row] = await tx.query<{ inFlight: number; unproven: number }>(
    `select coalesce(sum(n) filter (where counts_as = 'in_flight'), 0)::bigint as "inFlight",
            coalesce(sum(n) filter (where counts_as = 'unproven'), 0)::bigint as unproven
     from scheduler.tallies where counts_as in ('in_flight', 'unproven') and n <> 0`,
  )
  return row ?? { inFlight: 0, unproven: 0 }
}

export async function lockGlobalCap(tx: Queryable): Promise<void> {
  await tx.query(`select one from scheduler.global_cap for update`)
}
