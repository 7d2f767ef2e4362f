import type { CampaignReport } from '@sluice/contracts'
import { type Queryable, json } from '@sluice/sql'

/** The campaign itself stays on record as long as its report. */
type KeptReport = Omit<CampaignReport, 'campaign'>

export async function findKeptReport(db: Queryable, campaignId: string): Promise<KeptReport | undefined> {
  const [row] = await db.query<{ report: KeptReport | null }>(
    `select report from scheduler.kept_reports where campaign_id = $1`,
    [campaignId],
  )
  return row?.report ?? undefined
}

export async function putReport(tx: Queryable, campaignId: string, report: KeptReport): Promise<void> {
  await tx.query(
    `insert into scheduler.kept_reports (campaign_id, report) values ($1, $2::jsonb)
     on conflict (campaign_id) do update set report = excluded.report`,
    [campaignId, json(report)],
  )
}

export async function noteFailedReport(db: Queryable, campaignId: string): Promise<void> {
  await db.query(
    `insert into scheduler.kept_reports (campaign_id, tries) values ($1, 1)
     on conflict (campaign_id) do update set tries = kept_reports.tries + 1`,
    [campaignId],
  )
}
