import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { ArtifactId, CampaignId } from './values.ts'

/** The one small set the file server keeps: whose downloads are refused at the first byte. */
export const TransferStops = Type.Object({
  campaignIds: Type.Array(CampaignId),
  artifactIds: Type.Array(ArtifactId),
})
export type TransferStops = Static<typeof TransferStops>

export const transferStopsGet = request('transfer_stops.get', {
  server: 'campaign-scheduler',
  deadlineMs: 3_000,
  description: 'Campaigns that are paused or aborted, and artifacts that were revoked.',
  input: Type.Object({}),
  output: TransferStops,
})

export const transferStopsChanged = event('transfer_stops.changed', {
  delivery: 'live',
  consumers: [],
  key: 'all',
  description: 'The set of stopped campaigns and artifacts, whole, each time it changes.',
  data: TransferStops,
})
