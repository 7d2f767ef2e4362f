import type { Parts } from '../parts.ts'
import { findUnreported } from '../store/history.ts'
import { noteFailedReport, putReport } from '../store/kept-reports.ts'
import { readCampaign } from './read.ts'
import { writeReport } from './write-report.ts'

/**
 * Keeps what is told of the next campaign whose devices are about to be forgotten; it names none of them. False: there is
 * none. A report that cannot be written is given up after some tries: what has to be forgotten does not wait for it.
 */
export async function keepNextReport(
  { sql, clock, log }: Pick<Parts, 'sql' | 'clock' | 'log'>,
  before: number,
): Promise<boolean> {
  const campaignId = await findUnreported(sql, before)
  if (campaignId === undefined) return false
  try {
    await sql.transaction(async (tx) => {
      await tx.query('set transaction isolation level repeatable read')
      const { campaign: _, ...report } = await writeReport(tx, await readCampaign(tx, campaignId), clock.now())
      await putReport(tx, campaignId, report)
    })
  } catch (err) {
    log.error({ err, campaign_id: campaignId }, 'history.report.failed')
    await noteFailedReport(sql, campaignId)
  }
  return true
}
