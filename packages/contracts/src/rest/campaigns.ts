import Type from 'typebox'
import { CapsChange } from '../campaign-caps.ts'
import { Campaign, CampaignDraft, DryRun } from '../campaign.ts'
import type { ErrorCode } from '../errors.ts'
import { Upgrade, UpgradeState } from '../upgrade.ts'
import { ArtifactId, CampaignId, UpgradeId } from '../values.ts'
import { history, historyQuery, none, operation, page, pageOf } from './operation.ts'

const campaignId = Type.Object({ campaignId: CampaignId })
const upgradeId = Type.Object({ upgradeId: UpgradeId })
const maybeBecause = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 512 })) },
  { additionalProperties: false },
)

function control(action: string, summary: string, errors: readonly ErrorCode[] = []) {
  return operation({
    method: 'POST',
    path: `/v1/campaigns/{campaignId}/${action}`,
    summary,
    params: campaignId,
    query: none,
    body: maybeBecause,
    status: 200,
    response: Campaign,
    errors: ['not_found', 'campaign_state', ...errors],
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
    errors: ['artifact_not_trusted', 'not_found', 'too_large'],
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
  dryRunCampaign: operation({
    method: 'POST',
    path: '/v1/campaigns/dry-run',
    summary: 'What a campaign would do: how many, how long, what binds, who is left out',
    params: none,
    query: none,
    body: CampaignDraft,
    status: 200,
    response: DryRun,
    errors: ['artifact_not_trusted', 'not_found', 'too_large'],
  }),
  rollBackCampaign: operation({
    method: 'POST',
    path: '/v1/campaigns/{campaignId}/roll-back',
    summary: 'Stop it, and plan a campaign that takes the devices it moved back',
    params: campaignId,
    query: none,
    body: Type.Object(
      { artifactId: Type.Optional(ArtifactId), reason: Type.Optional(Type.String({ maxLength: 512 })) },
      { additionalProperties: false },
    ),
    status: 201,
    response: Campaign,
    errors: ['not_found', 'campaign_state', 'artifact_not_trusted'],
  }),
  setCampaignCaps: operation({
    method: 'PATCH',
    path: '/v1/campaigns/{campaignId}/caps',
    summary: 'Raise, lower or take off caps, in force from the next claim on',
    params: campaignId,
    query: none,
    body: Type.Object(
      { caps: CapsChange, reason: Type.Optional(Type.String({ maxLength: 512 })) },
      { additionalProperties: false },
    ),
    status: 200,
    response: Campaign,
    errors: ['not_found', 'campaign_state', 'forbidden'],
  }),
  approveCampaign: control('approve', 'Agree to it, as another person than who created it', ['forbidden']),
  startCampaign: control('start', 'Open the first wave'),
  pauseCampaign: control('pause', 'Claim nothing new; what was offered runs on and is counted'),
  resumeCampaign: control('resume', 'Go on after a pause'),
  closeCampaign: control('close', 'Offer it to nobody else; who is under way goes on, and then it is finished'),
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
  getCampaignReport: operation({
    method: 'GET',
    path: '/v1/campaigns/{campaignId}/report',
    summary: 'What came of a campaign: JSON, a line per upgrade as CSV, or a page that stands alone',
    params: campaignId,
    query: Type.Object({
      format: Type.Optional(Type.Union([Type.Literal('json'), Type.Literal('csv'), Type.Literal('html')])),
    }),
    body: null,
    status: 200,
    response: 'document',
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
