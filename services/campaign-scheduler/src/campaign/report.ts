import { type CampaignReport, type Reply, answered } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { findKeptReport } from '../store/kept-reports.ts'
import { getCampaign } from './read.ts'
import { createTurns } from './turns.ts'
import { writeReport } from './write-report.ts'

/** Asked while others are being written; more than these are told to come again. */
const MOST_WAITING = 8

export type Reporter = (campaignId: string) => Promise<Reply<CampaignReport>>

/** Writes reports one after the other: each of a large campaign takes seconds of the database. Who asks for the same gets the same. */
export function createReporter(parts: Parts): Reporter {
  const underWay = new Map<string, Promise<Reply<CampaignReport>>>()
  const inTurn = createTurns('reports', { atOnce: 1, most: MOST_WAITING })
  return (campaignId) => {
    const same = underWay.get(campaignId)
    if (same !== undefined) return same
    const report = inTurn(() => reportCampaign(parts, campaignId)).finally(() => underWay.delete(campaignId))
    underWay.set(campaignId, report)
    return report
  }
}

/** All of it of one moment, however much moves meanwhile; what was kept, once its devices are being forgotten. */
function reportCampaign(parts: Parts, campaignId: string): Promise<Reply<CampaignReport>> {
  return parts.sql.transaction(async (tx): Promise<Reply<CampaignReport>> => {
    await tx.query('set transaction isolation level repeatable read')
    const campaign = await getCampaign(tx, campaignId)
    if (!campaign.ok) return campaign
    const kept = await findKeptReport(tx, campaignId)
    if (kept !== undefined) return answered({ ...kept, campaign: campaign.data })
    return answered(await writeReport(tx, campaign.data, parts.clock.now()))
  })
}
