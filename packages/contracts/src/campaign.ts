import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { DeviceFilter } from './device.ts'
import { CapsChange } from './campaign-caps.ts'
import { Policy, PolicyDraft } from './campaign-policy.ts'
import { ReleaseId } from './release.ts'
import { RetryOf } from './retry-of.ts'
import { Actor, ArtifactId, CampaignId, Count, Cursor, Elapsed, SoftwareVersion, Time, nullable } from './values.ts'

const closed = { additionalProperties: false } as const

/** What a client calls one request of its own, however often it sends it. */
export const RequestId = Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$' })

/**
 * One leg of the way: devices whose model the artifact fits, and whose version lies in `from`, get it. The first rule that
 * fits decides, at the claim; a device that reached a stepping stone takes the next leg in the same campaign.
 */
export const Leg = Type.Object(
  {
    artifactId: ArtifactId,
    /** Versions as the device reports them, compared part by part; `from` included, `below` not. Absent: any. */
    from: Type.Optional(
      Type.Object({ from: Type.Optional(SoftwareVersion), below: Type.Optional(SoftwareVersion) }, closed),
    ),
    /** Nobody is done here: the next leg follows. */
    steppingStone: Type.Optional(Type.Boolean()),
  },
  closed,
)
export type Leg = Static<typeof Leg>

export const CampaignDraft = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 128 }),
    /** The one artifact for all; or `path`. */
    artifactId: Type.Optional(ArtifactId),
    path: Type.Optional(Type.Array(Leg, { minItems: 1, maxItems: 32 })),
    targets: DeviceFilter,
    /** Those alone that another campaign left behind. Its path and policy are taken where the draft has none. */
    retryOf: Type.Optional(RetryOf),
    /** Who comes to fit the targets until then joins in. */
    dynamic: Type.Optional(Type.Object({ endsAt: Time }, closed)),
    policy: Type.Optional(PolicyDraft),
  },
  closed,
)
export type CampaignDraft = Static<typeof CampaignDraft>

/** Why a second person has to agree before it may start. */
export const ApprovalReason = Type.Union([Type.Literal('size'), Type.Literal('downgrade'), Type.Literal('rollback')])

export const CampaignState = Type.Union([
  /** Its upgrades are being written. */
  Type.Literal('planning'),
  Type.Literal('ready'),
  Type.Literal('running'),
  Type.Literal('paused'),
  Type.Literal('aborted'),
  /** Every upgrade has an outcome. Late facts still count. */
  Type.Literal('finished'),
])

/** How many upgrades stand in each class. */
export const Counters = Type.Object({
  pending: Count,
  inFlight: Count,
  unproven: Count,
  success: Count,
  configLost: Count,
  hard: Count,
  silent: Count,
  stalled: Count,
  benign: Count,
})
export type Counters = Static<typeof Counters>

export const WaveStatus = Type.Object({
  wave: Type.Integer({ minimum: 1 }),
  state: Type.Union([Type.Literal('closed'), Type.Literal('open'), Type.Literal('passed'), Type.Literal('stopped')]),
  size: Count,
  counters: Counters,
  openedAt: nullable(Time),
  /** What its gate said last, in a sentence with the figures. */
  gate: nullable(Type.String()),
})

export const Campaign = Type.Object({
  campaignId: CampaignId,
  name: Type.String(),
  artifactId: ArtifactId,
  version: Type.String(),
  state: CampaignState,
  /** Why it is paused or aborted. */
  stateReason: nullable(Type.String()),
  targets: DeviceFilter,
  /** One leg at least; `artifactId` and `version` are those of the last one. */
  path: Type.Array(
    Type.Object({
      ...Leg.properties,
      version: SoftwareVersion,
      /** The release it rests on; null: none was asked for. */
      releaseId: nullable(ReleaseId),
    }),
  ),
  dynamic: nullable(Type.Object({ endsAt: Time })),
  /** The campaign whose devices this one takes back. */
  rollbackOf: nullable(CampaignId),
  /** Whose devices are tried again. */
  retryOf: nullable(RetryOf),
  approval: Type.Object({
    neededBecause: Type.Array(ApprovalReason),
    givenBy: nullable(Actor),
    givenAt: nullable(Time),
  }),
  /** Devices that fit the targets and are not in it, by reason. */
  leftOut: Type.Record(Type.String(), Count),
  policy: Policy,
  size: Count,
  counters: Counters,
  /** Outcomes by name, for example verified: 12. */
  outcomes: Type.Record(Type.String(), Count),
  waves: Type.Array(WaveStatus),
  createdAt: Time,
  createdBy: Actor,
  updatedAt: Time,
})
export type Campaign = Static<typeof Campaign>

export const campaignCreate = request('campaign.create', {
  server: 'campaign-scheduler',
  deadlineMs: 30_000,
  description: 'Plans a campaign. Refused unless the artifact is trusted.',
  input: Type.Object({
    draft: CampaignDraft,
    actor: Actor,
    /** Asked again with the same one by the same actor, it answers the campaign that was planned then. */
    requestId: Type.Optional(RequestId),
  }),
  output: Campaign,
})
export const campaignControl = request('campaign.control', {
  server: 'campaign-scheduler',
  deadlineMs: 10_000,
  description: 'Approve, start, pause, resume, close, abort, or open the next wave of a campaign.',
  input: Type.Object({
    campaignId: CampaignId,
    action: Type.Union([
      /** By another person than who created it. */
      Type.Literal('approve'),
      Type.Literal('start'),
      Type.Literal('pause'),
      Type.Literal('resume'),
      /** Nobody else is offered anything; who is under way goes on, and is counted. */
      Type.Literal('close'),
      Type.Literal('abort'),
      Type.Literal('advance'),
    ]),
    reason: Type.Optional(Type.String({ maxLength: 512 })),
    actor: Actor,
  }),
  output: Campaign,
})
export const campaignSetCaps = request('campaign.set_caps', {
  server: 'campaign-scheduler',
  deadlineMs: 10_000,
  description:
    'Changes the caps of a campaign, in force from the next claim on. What a second person approved, another one than who created it raises.',
  input: Type.Object({
    campaignId: CampaignId,
    caps: CapsChange,
    reason: Type.Optional(Type.String({ maxLength: 512 })),
    actor: Actor,
  }),
  output: Campaign,
})
export const campaignGet = request('campaign.get', {
  server: 'campaign-scheduler',
  deadlineMs: 5_000,
  description: 'One campaign with its counters.',
  input: Type.Object({ campaignId: CampaignId }),
  output: Campaign,
})
export const campaignList = request('campaign.list', {
  server: 'campaign-scheduler',
  deadlineMs: 5_000,
  description: 'Campaigns, newest first.',
  input: Type.Object({
    cursor: Type.Optional(Cursor),
    limit: Type.Integer({ minimum: 1, maximum: 500 }),
  }),
  output: Type.Object({ items: Type.Array(Campaign), next: nullable(Cursor) }),
})

export const DryRun = Type.Object({
  /** Devices that would be upgraded. */
  devices: Count,
  byModel: Type.Array(
    Type.Object({
      oui: Type.String(),
      productClass: Type.String(),
      softwareVersion: nullable(SoftwareVersion),
      toVersion: SoftwareVersion,
      devices: Count,
    }),
  ),
  leftOut: Type.Array(Type.Object({ reason: Type.String(), devices: Count, examples: Type.Array(Type.String()) })),
  waves: Type.Array(Type.Object({ wave: Type.Integer(), size: Count })),
  /** As long as everything goes well, devices show up daily and the caps are used fully; with what decides. */
  duration: Type.Object({ ms: Elapsed, boundBy: Type.String() }),
  /** Which windows, caps and rules bind, and what will be lost: sentences. */
  notes: Type.Array(Type.String()),
  approvalNeededBecause: Type.Array(ApprovalReason),
})
export type DryRun = Static<typeof DryRun>

export const campaignDryRun = request('campaign.dry_run', {
  server: 'campaign-scheduler',
  deadlineMs: 60_000,
  description: 'What a campaign would do, without writing anything.',
  input: Type.Object({ draft: CampaignDraft, actor: Actor }),
  output: DryRun,
})

export const campaignRollBack = request('campaign.roll_back', {
  server: 'campaign-scheduler',
  deadlineMs: 30_000,
  description:
    'Stops a campaign and plans another one that takes the devices it moved back to what they ran before; a second person approves it.',
  input: Type.Object({
    campaignId: CampaignId,
    /** What they go back to. Absent: the trusted artifacts that report the versions they came from. */
    artifactId: Type.Optional(ArtifactId),
    reason: Type.Optional(Type.String({ maxLength: 512 })),
    actor: Actor,
  }),
  output: Campaign,
})

/** Asked of whoever serves it outside of Sluice (gate.external.by: bus), and the body POSTed to a URL. */
export const gateAsk = request('gate.ask', {
  server: 'external',
  deadlineMs: 5_000,
  description: 'May the next wave open? Asked where a policy says so; no answer means wait.',
  input: Type.Object({
    campaignId: CampaignId,
    name: Type.String(),
    wave: Type.Integer(),
    nextWave: Type.Integer(),
    counters: Counters,
    gate: Type.String(),
  }),
  output: Type.Object({
    answer: Type.Union([Type.Literal('go'), Type.Literal('wait'), Type.Literal('stop')]),
    reason: Type.Optional(Type.String({ maxLength: 512 })),
  }),
})

export const campaignChanged = event('campaign.changed', {
  delivery: 'live',
  consumers: [],
  key: 'campaignId',
  description: 'A campaign changed its state, a wave opened, a gate decided, or counters moved. Live only.',
  data: Campaign,
})
