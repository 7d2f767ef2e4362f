import type { Bus } from '@sluice/bus'
import type { AwaitTask } from './await-task.ts'
import {
  type AuditRequest,
  type AuditTrail,
  type BodyOf,
  type DeviceFilter,
  type ErrorCode,
  MAX_LISTED_KEYS,
  type OperationName,
  type ParamsOf,
  type QueryOf,
  type Reply,
  type ResponseOf,
  artifactAuditList,
  artifactCreate,
  artifactGet,
  artifactList,
  artifactRevoke,
  auditList,
  bootstrapCredentialList,
  bootstrapCredentialPut,
  bootstrapCredentialRemove,
  campaignControl,
  campaignCreate,
  campaignDryRun,
  campaignGet,
  campaignRollBack,
  campaignSetCaps,
  campaignList,
  deviceAuditList,
  deviceGet,
  deviceImport,
  deviceList,
  deviceMessageList,
  deviceRemove,
  deviceUpdate,
  fleetTaskCancel,
  fleetTaskCreate,
  fleetTaskGet,
  fleetTaskList,
  historyErase,
  historyList,
  profileList,
  profilePut,
  profileRemove,
  redirectList,
  redirectPut,
  redirectRemove,
  releaseAdd,
  releaseGet,
  releaseList,
  releaseRevoke,
  taskAuditList,
  taskCancel,
  taskCreate,
  taskGet,
  taskList,
  trustAuditList,
  trustKeyAdd,
  trustKeyApprove,
  trustKeyLimit,
  trustKeyList,
  trustKeyRevoke,
  trustThresholdApprove,
  trustThresholdList,
  trustThresholdPut,
  upgradeGet,
  upgradeList,
} from '@sluice/contracts'

/** Streams have answers of their own. */
export type AnsweredName = Exclude<
  OperationName,
  'uploadArtifact' | 'streamEvents' | 'getTaskUpload' | 'getUpgradeBackup' | 'getCampaignReport'
>

export interface Call<N extends AnsweredName> {
  readonly params: ParamsOf<N>
  readonly query: QueryOf<N>
  readonly body: BodyOf<N>
  /** `operator:<name>` */
  readonly actor: string
  /** The header `Idempotency-Key`. */
  readonly requestId?: string
}

export type Answers = {
  readonly [N in AnsweredName]: (call: Call<N>) => Promise<Reply<ResponseOf<N>>>
}

const PAGE = 100

const TRAILS: Readonly<Record<AuditTrail, AuditRequest>> = {
  campaigns: auditList,
  devices: deviceAuditList,
  tasks: taskAuditList,
  trust: trustAuditList,
  artifacts: artifactAuditList,
}

/** Which operation leads to which request on the bus. */
export function createAnswers(bus: Bus, awaitTask: AwaitTask): Answers {
  const control =
    (action: 'approve' | 'start' | 'pause' | 'resume' | 'close' | 'abort' | 'advance') =>
    ({ params, body, actor }: Call<'startCampaign'>) =>
      bus.request(campaignControl, { ...params, ...body, action, actor })

  const campaignExists = async (campaignId: string) => bus.request(campaignGet, { campaignId })
  const withDevice = async <T>(device: string, then: (deviceKey: string) => Promise<Reply<T>>): Promise<Reply<T>> => {
    const found = await bus.request(deviceGet, { device })
    return found.ok ? then(found.data.deviceKey) : found
  }

  return {
    listArtifacts: ({ query }) => bus.request(artifactList, { limit: PAGE, ...query }),
    createArtifact: ({ body, actor }) => bus.request(artifactCreate, { draft: body, actor }),
    getArtifact: ({ params }) => bus.request(artifactGet, params),
    revokeArtifact: ({ params, body, actor }) => bus.request(artifactRevoke, { ...params, ...body, actor }),
    listTrustKeys: ({ query }) => bus.request(trustKeyList, { limit: MAX_LISTED_KEYS, ...query }),
    addTrustKey: ({ body, actor }) => bus.request(trustKeyAdd, { ...body, actor }),
    approveTrustKey: ({ params, body, actor }) => bus.request(trustKeyApprove, { ...params, ...body, actor }),
    limitTrustKey: ({ params, body, actor }) => bus.request(trustKeyLimit, { ...params, ...body, actor }),
    revokeTrustKey: ({ params, body, actor }) => bus.request(trustKeyRevoke, { ...params, ...body, actor }),
    listTrustThresholds: () => bus.request(trustThresholdList, {}),
    putTrustThreshold: ({ body, actor }) => bus.request(trustThresholdPut, { ...body, actor }),
    approveTrustThreshold: ({ body, actor }) => bus.request(trustThresholdApprove, { ...body, actor }),
    listReleases: ({ query }) => bus.request(releaseList, { limit: PAGE, ...query }),
    addRelease: ({ body, actor }) => bus.request(releaseAdd, { ...body, actor }),
    getRelease: ({ params }) => bus.request(releaseGet, params),
    revokeRelease: ({ params, body, actor }) => bus.request(releaseRevoke, { ...params, ...body, actor }),
    listAudit: ({ query: { of = 'campaigns', ...page } }) => bus.request(TRAILS[of], { limit: 1_000, ...page }),
    listCampaigns: ({ query }) => bus.request(campaignList, { limit: PAGE, ...query }),
    createCampaign: ({ body, actor, requestId }) =>
      bus.request(campaignCreate, { draft: body, actor, ...(requestId !== undefined && { requestId }) }),
    getCampaign: ({ params }) => bus.request(campaignGet, params),
    dryRunCampaign: ({ body, actor }) => bus.request(campaignDryRun, { draft: body, actor }),
    rollBackCampaign: ({ params, body, actor }) => bus.request(campaignRollBack, { ...params, ...body, actor }),
    setCampaignCaps: ({ params, body, actor }) => bus.request(campaignSetCaps, { ...params, ...body, actor }),
    approveCampaign: control('approve'),
    startCampaign: control('start'),
    pauseCampaign: control('pause'),
    resumeCampaign: control('resume'),
    closeCampaign: control('close'),
    abortCampaign: control('abort'),
    advanceCampaign: control('advance'),
    listUpgrades: async ({ params, query }) => {
      const campaign = await campaignExists(params.campaignId)
      return campaign.ok ? bus.request(upgradeList, { limit: PAGE, ...query, ...params }) : campaign
    },
    getCampaignHistory: async ({ params, query }) => {
      const campaign = await campaignExists(params.campaignId)
      return campaign.ok ? bus.request(historyList, { limit: PAGE, ...query, ...params }) : campaign
    },
    getUpgrade: ({ params }) => bus.request(upgradeGet, params),
    getUpgradeHistory: async ({ params, query }) => {
      const upgrade = await bus.request(upgradeGet, params)
      return upgrade.ok ? bus.request(historyList, { limit: PAGE, ...query, ...params }) : upgrade
    },
    listDevices: ({ query: { oui, productClass, softwareVersion, tag, where, ...page } }) => {
      if ((oui === undefined) !== (productClass === undefined)) {
        return Promise.resolve(refusal('invalid_request', 'oui and productClass are given together'))
      }
      const filter: DeviceFilter = {
        ...(oui !== undefined && productClass !== undefined ? { models: [{ oui, productClass }] } : {}),
        ...(softwareVersion === undefined ? {} : { softwareVersions: [softwareVersion] }),
        ...(tag === undefined ? {} : { tags: [tag] }),
        ...(where === undefined ? {} : { where }),
      }
      return bus.request(deviceList, { limit: PAGE, ...page, filter })
    },
    importDevices: ({ body, actor }) => bus.request(deviceImport, { ...body, actor }),
    getDevice: ({ params }) => bus.request(deviceGet, params),
    updateDevice: ({ params, body, actor }) => bus.request(deviceUpdate, { ...params, change: body, actor }),
    removeDevice: ({ params, actor }) => bus.request(deviceRemove, { ...params, actor }),
    getDeviceMessages: ({ params, query }) =>
      withDevice(params.device, (deviceKey) => bus.request(deviceMessageList, { limit: PAGE, ...query, deviceKey })),
    createTask: async ({ params, query, body, actor }) => {
      const created = await bus.request(taskCreate, { ...params, draft: body, actor })
      return created.ok && query.waitMs !== undefined ? awaitTask(created.data, query.waitMs) : created
    },
    listDeviceTasks: ({ params, query }) =>
      withDevice(params.device, (deviceKey) => bus.request(taskList, { limit: PAGE, ...query, deviceKey })),
    getTask: ({ params }) => bus.request(taskGet, params),
    cancelTask: ({ params, actor }) => bus.request(taskCancel, { ...params, actor }),
    createFleetTask: ({ body, actor }) => bus.request(fleetTaskCreate, { draft: body, actor }),
    listFleetTasks: ({ query }) => bus.request(fleetTaskList, { limit: PAGE, ...query }),
    getFleetTask: ({ params }) => bus.request(fleetTaskGet, params),
    listFleetTaskTasks: ({ params, query }) => bus.request(taskList, { limit: PAGE, ...query, ...params }),
    cancelFleetTask: ({ params, actor }) => bus.request(fleetTaskCancel, { ...params, actor }),
    listProfiles: () => bus.request(profileList, {}),
    putProfile: async ({ params, body, actor }) =>
      params.name === body.name
        ? bus.request(profilePut, { profile: body, actor })
        : refusal('invalid_request', 'the name in the path is not that in the body'),
    removeProfile: ({ params, actor }) => bus.request(profileRemove, { ...params, actor }),
    listRedirects: () => bus.request(redirectList, {}),
    putRedirect: async ({ params, body, actor }) =>
      params.name === body.name
        ? bus.request(redirectPut, { rule: body, actor })
        : refusal('invalid_request', 'the name in the path is not that in the body'),
    removeRedirect: ({ params, actor }) => bus.request(redirectRemove, { ...params, actor }),
    listBootstrapCredentials: () => bus.request(bootstrapCredentialList, {}),
    putBootstrapCredential: ({ body, actor }) => bus.request(bootstrapCredentialPut, { ...body, actor }),
    removeBootstrapCredential: ({ params, actor }) => bus.request(bootstrapCredentialRemove, { ...params, actor }),
    getDeviceUpgrades: ({ params, query }) =>
      withDevice(params.device, (deviceKey) => bus.request(upgradeList, { limit: PAGE, ...query, deviceKey })),
    eraseDeviceHistory: ({ params, actor }) =>
      withDevice(params.device, (deviceKey) => bus.request(historyErase, { deviceKey, actor })),
    getDeviceHistory: ({ params, query }) =>
      withDevice(params.device, (deviceKey) => bus.request(historyList, { limit: PAGE, ...query, deviceKey })),
  }
}

function refusal(code: ErrorCode, detail: string): Reply<never> {
  return { ok: false, error: { code, detail } }
}
