import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { DeviceFilter } from './device.ts'
import { Actor, ArtifactId, CampaignId, Count, Cursor, Milliseconds, Time, nullable } from './values.ts'

const Ratio = Type.Number({ minimum: 0, maximum: 1 })
const closed = { additionalProperties: false } as const

export const WaveRule = Type.Object(
  {
    size: Type.Union([
      Type.Object({ count: Type.Integer({ minimum: 1 }) }, closed),
      Type.Object({ percent: Type.Number({ exclusiveMinimum: 0, maximum: 100 }) }, closed),
    ]),
    advance: Type.Union([Type.Literal('auto'), Type.Literal('manual')]),
  },
  closed,
)

/** All of a campaign's rules. Structurally the policy of the rollout machine. */
export const Policy = Type.Object(
  {
    /** In order; the last one also takes who is left over. */
    waves: Type.Array(WaveRule, { minItems: 1, maxItems: 50 }),
    gate: Type.Object(
      {
        minSettled: Type.Integer({ minimum: 1 }),
        successThreshold: Ratio,
        failureThreshold: Ratio,
        onFailure: Type.Union([Type.Literal('pause'), Type.Literal('abort')]),
        /** How long a wave rests after its last settlement before the next one opens. */
        soakMs: Milliseconds,
        limits: Type.Object(
          {
            hard: Type.Optional(Count),
            silent: Type.Optional(Count),
            configLost: Type.Optional(Ratio),
            stalled: Type.Optional(Count),
            overdue: Type.Optional(Count),
          },
          closed,
        ),
      },
      closed,
    ),
    caps: Type.Object(
      {
        inFlight: Type.Integer({ minimum: 1 }),
        unproven: Type.Integer({ minimum: 1 }),
        startsPerMinute: Type.Optional(Type.Integer({ minimum: 1 })),
      },
      closed,
    ),
    timers: Type.Object(
      {
        answerMs: Milliseconds,
        firstReportMs: Milliseconds,
        sessionRetryMs: Milliseconds,
        minTransferMs: Milliseconds,
        slowestBitsPerSecond: Type.Integer({ minimum: 1 }),
        flashMs: Milliseconds,
        soakMs: Milliseconds,
        sentinelMs: Milliseconds,
        graceMs: Milliseconds,
        finalMs: Milliseconds,
      },
      closed,
    ),
    retries: Type.Object(
      {
        maxAttempts: Type.Integer({ minimum: 1, maximum: 10 }),
        backoffMs: Milliseconds,
        nextDayMs: Milliseconds,
      },
      closed,
    ),
    windows: Type.Optional(
      Type.Array(
        Type.Object(
          {
            zone: Type.String({ maxLength: 64 }),
            days: Type.Optional(Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), { minItems: 1, maxItems: 7 })),
            from: Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' }),
            to: Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' }),
          },
          closed,
        ),
        { maxItems: 32 },
      ),
    ),
    freeze: Type.Optional(Type.Array(Type.Object({ from: Time, to: Time }, closed), { maxItems: 64 })),
    /** The device uploads its configuration before it is offered an image. `required`: no image without it. */
    backup: Type.Optional(
      Type.Object(
        {
          /** TR-069 A.4.1.5. */
          fileType: Type.String({ minLength: 1, maxLength: 64 }),
          required: Type.Boolean(),
          /** How long it is waited for. */
          waitMs: Type.Integer({ minimum: 1_000, maximum: 7 * 24 * 3_600_000 }),
        },
        closed,
      ),
    ),
    weight: Type.Integer({ minimum: 0, maximum: 1_000 }),
    allowSameVersion: Type.Boolean(),
    configLossDeclared: Type.Boolean(),
  },
  closed,
)
export type Policy = Static<typeof Policy>

/** A policy as an operator writes it: what is left out takes the default, per group. */
export const PolicyDraft = Type.Object(
  {
    waves: Type.Optional(Policy.properties.waves),
    gate: Type.Optional(Type.Partial(Policy.properties.gate, closed)),
    caps: Type.Optional(Type.Partial(Policy.properties.caps, closed)),
    timers: Type.Optional(Type.Partial(Policy.properties.timers, closed)),
    retries: Type.Optional(Type.Partial(Policy.properties.retries, closed)),
    windows: Policy.properties.windows,
    freeze: Policy.properties.freeze,
    backup: Policy.properties.backup,
    weight: Type.Optional(Policy.properties.weight),
    allowSameVersion: Type.Optional(Type.Boolean()),
    configLossDeclared: Type.Optional(Type.Boolean()),
  },
  closed,
)
export type PolicyDraft = Static<typeof PolicyDraft>

export const CampaignDraft = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 128 }),
    artifactId: ArtifactId,
    targets: DeviceFilter,
    policy: Type.Optional(PolicyDraft),
  },
  closed,
)
export type CampaignDraft = Static<typeof CampaignDraft>

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
  input: Type.Object({ draft: CampaignDraft, actor: Actor }),
  output: Campaign,
})
export const campaignControl = request('campaign.control', {
  server: 'campaign-scheduler',
  deadlineMs: 10_000,
  description: 'Start, pause, resume, abort, or open the next wave of a campaign.',
  input: Type.Object({
    campaignId: CampaignId,
    action: Type.Union([
      Type.Literal('start'),
      Type.Literal('pause'),
      Type.Literal('resume'),
      Type.Literal('abort'),
      Type.Literal('advance'),
    ]),
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

export const campaignChanged = event('campaign.changed', {
  delivery: 'live',
  consumers: [],
  key: 'campaignId',
  description: 'A campaign changed its state, a wave opened, a gate decided, or counters moved. Live only.',
  data: Campaign,
})
