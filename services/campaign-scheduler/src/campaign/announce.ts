import { campaignChanged, transferStopsChanged } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { readCampaign } from './read.ts'
import { readStops } from './transfer-stops.ts'

/** Tells who listens now how a campaign stands. */
export async function announceCampaign(parts: Parts, campaignId: string): Promise<void> {
  const data = await readCampaign(parts.sql, campaignId)
  parts.bus.announce(campaignChanged, [{ id: parts.ids.event(), key: campaignId, data }])
}

/** Tells the file servers whose downloads are refused from now on. */
export async function announceStops(parts: Parts): Promise<void> {
  const data = await readStops(parts)
  parts.bus.announce(transferStopsChanged, [{ id: parts.ids.event(), key: 'all', data }])
}
