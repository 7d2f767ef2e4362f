import { json, type Queryable } from '@sluice/sql'

export interface Signal {
  readonly campaignId: string
  readonly kind: string
  readonly subject: string
  readonly deviceKey: string
  /** So many distinct devices make it true. */
  readonly afterDevices: number
  readonly at: number
}

export async function insertSignals(tx: Queryable, signals: readonly Signal[]): Promise<void> {
  if (signals.length === 0) return
  const ordered = signals.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  await tx.query(
    `insert into scheduler.signals (campaign_id, kind, subject, device_key, after_devices, at)
     select "campaignId", kind, subject, "deviceKey", "afterDevices", at from jsonb_to_recordset($1::jsonb)
       as r("campaignId" text, kind text, subject text, "deviceKey" text, "afterDevices" integer, at bigint)
     on conflict do nothing`,
    [json(ordered)],
  )
}

const keyOf = (signal: Signal) => `${signal.campaignId} ${signal.kind} ${signal.subject} ${signal.deviceKey}`

/** What enough devices have said. */
export function trueSignals(
  db: Queryable,
  campaignIds: readonly string[],
): Promise<{ campaignId: string; kind: string; subject: string; devices: number }[]> {
  return db.query(
    `select campaign_id as "campaignId", kind, subject, count(*) as devices from scheduler.signals
     where campaign_id = any($1) group by campaign_id, kind, subject having count(*) >= min(after_devices)`,
    [campaignIds],
  )
}
