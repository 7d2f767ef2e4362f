import Type from 'typebox'
import { Campaign, CampaignDraft } from '../campaign.ts'
import { Upgrade, UpgradeState } from '../upgrade.ts'
import { CampaignId, UpgradeId } from '../values.ts'
import { history, historyQuery, none, operation, page, pageOf } from './operation.ts'

const campaignId = Type.Object({ campaignId: CampaignId })
const upgradeId = Type.Object({ upgradeId: UpgradeId })
const maybeBecause = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 512 })) },
  { additionalProperties: false },
)

function control(action: string, summary: string) {
  return operation({
    method: 'POST',
    path: `/v1/campaigns/{campaignId}/${action}`,
    summary,
    params: campaignId,
    query: none,
    body: maybeBecause,
    status: 200,
    response: Campaign,
    errors: ['not_found', 'campaign_state'],
  })
}

/** Campaigns, their upgrades, and what happens as it happens. */
export const campaigns = {
  listCampaigns: operation({
    method: 'GET',
    path: '/v1/campaigns',
    summary: 'Campaigns, newest first',
    params: none,
    query: Type.Object(page),
    body: null,
    status: 200,
    response: pageOf(Campaign),
    errors: [],
  }),
  createCampaign: operation({
    method: 'POST',
    path: '/v1/campaigns',
    summary: 'Plan a campaign; it offers nothing before it is started',
    params: none,
    query: none,
    body: CampaignDraft,
    status: 201,
    response: Campaign,
    errors: ['artifact_not_trusted', 'not_found'],
  }),
  getCampaign: operation({
    method: 'GET',
    path: '/v1/campaigns/{campaignId}',
    summary: 'One campaign with its waves and counters',
    params: campaignId,
    query: none,
    body: null,
    status: 200,
    response: Campaign,
    errors: ['not_found'],
  }),
  startCampaign: control('start', 'Open the first wave'),
  pauseCampaign: control('pause', 'Claim nothing new; what was offered runs on and is counted'),
  resumeCampaign: control('resume', 'Go on after a pause'),
  abortCampaign: control('abort', 'End it for good; what is under way is cancelled where the device lets us'),
  advanceCampaign: control('advance', 'Open the next wave, where that waits for a person'),
  listUpgrades: operation({
    method: 'GET',
    path: '/v1/campaigns/{campaignId}/upgrades',
    summary: 'The upgrades of a campaign',
    params: campaignId,
    query: Type.Object({
      ...page,
      state: Type.Optional(UpgradeState),
      wave: Type.Optional(Type.Integer({ minimum: 1 })),
    }),
    body: null,
    status: 200,
    response: pageOf(Upgrade),
    errors: ['not_found'],
  }),
  getCampaignHistory: operation({
    method: 'GET',
    path: '/v1/campaigns/{campaignId}/history',
    summary: 'The audit trail of a campaign, oldest first',
    params: campaignId,
    query: historyQuery,
    body: null,
    status: 200,
    response: history,
    errors: ['not_found'],
  }),
  getUpgrade: operation({
    method: 'GET',
    path: '/v1/upgrades/{upgradeId}',
    summary: 'One upgrade, and why it waits',
    params: upgradeId,
    query: none,
    body: null,
    status: 200,
    response: Upgrade,
    errors: ['not_found'],
  }),
  getUpgradeHistory: operation({
    method: 'GET',
    path: '/v1/upgrades/{upgradeId}/history',
    summary: 'Everything that happened in one upgrade',
    params: upgradeId,
    query: historyQuery,
    body: null,
    status: 200,
    response: history,
    errors: ['not_found'],
  }),
  getUpgradeBackup: operation({
    method: 'GET',
    path: '/v1/upgrades/{upgradeId}/backup',
    summary: 'The configuration a device put before this upgrade',
    params: upgradeId,
    query: none,
    body: null,
    status: 200,
    response: 'bytes',
    errors: ['not_found'],
  }),
  streamEvents: operation({
    method: 'GET',
    path: '/v1/events',
    summary: 'Campaigns and upgrades as they change, as server-sent events',
    params: none,
    query: Type.Object({ campaignId: Type.Optional(CampaignId) }),
    body: null,
    status: 200,
    response: 'events',
    errors: [],
  }),
} as const
