import { type Reported, type Violation, checkHistory, readHistory } from '@sluice/testbed'
import { readCampaigns } from '../campaign/read.ts'
import { dataOf } from './drive.ts'
import type { World } from './world.ts'

/** What the history checker has to say of all that happened in a world, at one moment: its schedulers may be at work. */
export function judge({ sql, isPostgres, artifact, others, capsOfAll }: World): Promise<Violation[]> {
  return sql.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read')
    const { items: campaigns } = dataOf(await readCampaigns(tx, { limit: 500 }))
    const upgrades = await tx.query<Reported['upgrades'][number]>(
      `select upgrade_id as "upgradeId", campaign_id as "campaignId", upgrades.state,
         coalesce(upgrades.artifact_id, campaigns.artifact_id) as "artifactId"
       from scheduler.upgrades join scheduler.campaigns using (campaign_id)`,
    )
    const reported = { campaigns, upgrades, artifacts: [artifact, ...others] }
    const query = (text: string, values?: readonly unknown[]) => tx.query(text, values)
    return checkHistory(await readHistory({ sql: { query, hasMany: isPostgres }, records: [], reported, capsOfAll }))
  })
}
