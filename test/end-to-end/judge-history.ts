import { checkHistory, readHistory, type Violation } from '@sluice/testbed'
import { getCampaign, upgradesOf } from './run-campaign.ts'
import type { RunningFleet } from './run-fleet.ts'
import type { System } from './system.ts'

/**
 * Ends the devices and the system, and has the history checker compare journals, API and the devices' own records.
 * What the API says is read last, when the devices can change nothing any more.
 */
export async function judgeHistory(system: System, fleets: readonly RunningFleet[]): Promise<Violation[]> {
  for (const fleet of fleets) await fleet.stop()
  const { items } = await system.client.call('listCampaigns', { query: { limit: 500 } })
  await system.quiet()
  const campaigns = await Promise.all(items.map(({ campaignId }) => getCampaign(system, campaignId)))
  const upgrades = (await Promise.all(items.map(({ campaignId }) => upgradesOf(system, campaignId)))).flat()
  const { items: artifacts } = await system.client.call('listArtifacts', { query: { limit: 500 } })
  await system.stop()
  const records = fleets.map((fleet) => fleet.record)
  const reported = { campaigns, upgrades, artifacts }
  const { capsOfAll } = system
  return checkHistory(await system.readJournals((sql) => readHistory({ sql, records, reported, capsOfAll })))
}
