import { json, type Queryable } from '@sluice/sql'

/** One device more (or fewer) of a wave took so long to come back. */
export interface ReturnTime {
  readonly campaignId: string
  readonly wave: number
  readonly ms: number
  readonly n: 1 | -1
}

/** Each class is 9 % wider than the one before; `refreshMedians` reads them. */
const CLASSES_TO_DOUBLE = 8

const classOf = (ms: number): number => Math.floor(CLASSES_TO_DOUBLE * Math.log2(Math.max(1, ms)))

/** Rows are touched in one order by everybody, so that two transactions never wait for each other. */
export async function addReturnTimes(tx: Queryable, times: readonly ReturnTime[]): Promise<void> {
  const sums = new Map<string, { campaignId: string; wave: number; class: number; n: number }>()
  for (const { campaignId, wave, ms, n } of times) {
    const index = classOf(ms)
    const key = `${campaignId} ${String(wave).padStart(4, '0')} ${String(index).padStart(4, '0')}`
    sums.set(key, { campaignId, wave, class: index, n: (sums.get(key)?.n ?? 0) + n })
  }
  const summed = [...sums.entries()]
    .filter(([, { n }]) => n !== 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row)
  if (summed.length === 0) return
  await tx.query(
    `insert into scheduler.return_times (campaign_id, wave, class, n)
     select "campaignId", wave, class, n
     from jsonb_to_recordset($1::jsonb) as d("campaignId" text, wave integer, class integer, n bigint)
     on conflict (campaign_id, wave, class) do update set n = scheduler.return_times.n + excluded.n`,
    [json(summed)],
  )
}
