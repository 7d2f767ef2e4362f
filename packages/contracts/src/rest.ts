import Type, { type Static, type TObject, type TSchema } from 'typebox'
import { Artifact, ArtifactDraft, TrustKey } from './artifact.ts'
import { Campaign, CampaignDraft } from './campaign.ts'
import { Device, ImportedDevice } from './device.ts'
import type { ErrorCode } from './errors.ts'
import { HistoryEntry, Upgrade, UpgradeState } from './upgrade.ts'
import { ArtifactId, CampaignId, Count, Cursor, SoftwareVersion, UpgradeId, nullable } from './values.ts'

/** One operation of the REST interface: server, client and OpenAPI are made from it. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Parameters in braces, as in OpenAPI. */
  readonly path: string
  readonly summary: string
  readonly params: TObject
  readonly query: TObject
  /** `bytes`: an octet stream. */
  readonly body: TSchema | 'bytes' | null
  readonly status: 200 | 201 | 202
  /** `events`: server-sent events. */
  readonly response: TSchema | 'events'
  /** Besides invalid_request, unauthorized, unavailable, deadline_exceeded and internal, which any may answer. */
  readonly errors: readonly ErrorCode[]
}

const none = Type.Object({})
const page = { cursor: Type.Optional(Cursor), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })) }
const pageOf = <S extends TSchema>(item: S) => Type.Object({ items: Type.Array(item), next: nullable(Cursor) })
const artifactId = Type.Object({ artifactId: ArtifactId })
const campaignId = Type.Object({ campaignId: CampaignId })
const upgradeId = Type.Object({ upgradeId: UpgradeId })
const keyId = Type.Object({ keyId: Type.String({ pattern: '^[0-9a-f]{16}$' }) })
/** A device key or a readable name. */
const device = Type.Object({ device: Type.String({ minLength: 1, maxLength: 512 }) })
const because = Type.Object({ reason: Type.String({ minLength: 1, maxLength: 512 }) }, { additionalProperties: false })
const maybeBecause = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 512 })) },
  { additionalProperties: false },
)
const history = Type.Object({ items: Type.Array(HistoryEntry) })
const historyQuery = Type.Object({
  afterSeq: Type.Optional(Count),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
})

function operation<
  P extends TObject,
  Q extends TObject,
  B extends TSchema | 'bytes' | null,
  R extends TSchema | 'events',
>(of: Omit<Operation, 'params' | 'query' | 'body' | 'response'> & { params: P; query: Q; body: B; response: R }) {
  return of
}

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

export const OPERATIONS = {
  listArtifacts: operation({
    method: 'GET',
    path: '/v1/artifacts',
    summary: 'Artifacts, newest first',
    params: none,
    query: Type.Object(page),
    body: null,
    status: 200,
    response: pageOf(Artifact),
    errors: [],
  }),
  createArtifact: operation({
    method: 'POST',
    path: '/v1/artifacts',
    summary: 'Describe an image; with a sourceUrl it is fetched, else its content is awaited',
    params: none,
    query: none,
    body: ArtifactDraft,
    status: 201,
    response: Artifact,
    errors: ['source_refused', 'not_supported', 'conflict'],
  }),
  getArtifact: operation({
    method: 'GET',
    path: '/v1/artifacts/{artifactId}',
    summary: 'One artifact, with what was checked and why it was rejected',
    params: artifactId,
    query: none,
    body: null,
    status: 200,
    response: Artifact,
    errors: ['not_found'],
  }),
  uploadArtifact: operation({
    method: 'PUT',
    path: '/v1/artifacts/{artifactId}/content',
    summary: 'The bytes of an image; its verdict follows',
    params: artifactId,
    query: none,
    body: 'bytes',
    status: 202,
    response: Artifact,
    errors: ['not_found', 'conflict', 'too_large'],
  }),
  revokeArtifact: operation({
    method: 'POST',
    path: '/v1/artifacts/{artifactId}/revoke',
    summary: 'Withdraw an artifact for good; its campaigns stop',
    params: artifactId,
    query: none,
    body: because,
    status: 200,
    response: Artifact,
    errors: ['not_found'],
  }),
  listTrustKeys: operation({
    method: 'GET',
    path: '/v1/trust-keys',
    summary: 'All keys of the trust store',
    params: none,
    query: none,
    body: null,
    status: 200,
    response: Type.Object({ items: Type.Array(TrustKey) }),
    errors: [],
  }),
  addTrustKey: operation({
    method: 'POST',
    path: '/v1/trust-keys',
    summary: 'Add a public key that may sign images',
    params: none,
    query: none,
    body: Type.Object(
      {
        name: Type.String({ minLength: 1, maxLength: 128 }),
        publicKeyPem: Type.String({ minLength: 1, maxLength: 8_192 }),
        ouis: Type.Optional(Type.Array(Type.String({ pattern: '^[0-9A-F]{6}$' }), { maxItems: 64 })),
      },
      { additionalProperties: false },
    ),
    status: 201,
    response: TrustKey,
    errors: ['conflict'],
  }),
  revokeTrustKey: operation({
    method: 'POST',
    path: '/v1/trust-keys/{keyId}/revoke',
    summary: 'Revoke a key; what only it vouched for is revoked with it',
    params: keyId,
    query: none,
    body: because,
    status: 200,
    response: TrustKey,
    errors: ['not_found'],
  }),
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
  listDevices: operation({
    method: 'GET',
    path: '/v1/devices',
    summary: 'The inventory',
    params: none,
    query: Type.Object({
      ...page,
      oui: Type.Optional(Type.String({ pattern: '^[0-9A-F]{6}$' })),
      productClass: Type.Optional(Type.String({ maxLength: 64 })),
      softwareVersion: Type.Optional(SoftwareVersion),
      tag: Type.Optional(Type.String({ maxLength: 64 })),
    }),
    body: null,
    status: 200,
    response: pageOf(Device),
    errors: [],
  }),
  importDevices: operation({
    method: 'POST',
    path: '/v1/devices/import',
    summary: 'Bring devices and their credentials in',
    params: none,
    query: none,
    body: Type.Object(
      { items: Type.Array(ImportedDevice, { minItems: 1, maxItems: 1_000 }) },
      { additionalProperties: false },
    ),
    status: 200,
    response: Type.Object({ created: Count, updated: Count }),
    errors: [],
  }),
  getDevice: operation({
    method: 'GET',
    path: '/v1/devices/{device}',
    summary: 'One device, by key or readable name',
    params: device,
    query: none,
    body: null,
    status: 200,
    response: Device,
    errors: ['not_found'],
  }),
  getDeviceUpgrades: operation({
    method: 'GET',
    path: '/v1/devices/{device}/upgrades',
    summary: 'All upgrades of one device',
    params: device,
    query: Type.Object(page),
    body: null,
    status: 200,
    response: pageOf(Upgrade),
    errors: ['not_found'],
  }),
  getDeviceHistory: operation({
    method: 'GET',
    path: '/v1/devices/{device}/history',
    summary: 'Everything upgrades did to one device',
    params: device,
    query: historyQuery,
    body: null,
    status: 200,
    response: history,
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
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof OPERATIONS
type Of<N extends OperationName> = (typeof OPERATIONS)[N]
export type ParamsOf<N extends OperationName> = Static<Of<N>['params']>
export type QueryOf<N extends OperationName> = Static<Of<N>['query']>
export type BodyOf<N extends OperationName> = Of<N>['body'] extends TSchema ? Static<Of<N>['body']> : undefined
export type ResponseOf<N extends OperationName> = Of<N>['response'] extends TSchema ? Static<Of<N>['response']> : never

/** The body of every answer that is not a success (RFC 9457). */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.String(),
  traceId: Type.Optional(Type.String()),
})
export type Problem = Static<typeof Problem>
