import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { DeviceFilter } from './device.ts'
import {
  Actor,
  ArtifactId,
  CampaignId,
  Count,
  Cursor,
  Elapsed,
  Milliseconds,
  SoftwareVersion,
  Time,
  nullable,
} from './values.ts'

const Ratio = Type.Number({ minimum: 0, maximum: 1 })
const closed = { additionalProperties: false } as const

/** What a client calls one request of its own, however often it sends it. */
export const RequestId = Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$' })

export const WaveRule = Type.Object(
  {
    size: Type.Union([
      Type.Object({ count: Type.Integer({ minimum: 1 }) }, closed),
      Type.Object({ percent: Type.Number({ exclusiveMinimum: 0, maximum: 100 }) }, closed),
      /** Canaries by name; waves like this come before all others. */
      Type.Object({ devices: Type.Array(Type.String({ maxLength: 512 }), { minItems: 1, maxItems: 10_000 }) }, closed),
    ]),
    /** The gate has to pass in any case. `manual`: and a person agrees. `afterMs`: and so long after it opened. */
    advance: Type.Union([Type.Literal('auto'), Type.Literal('manual'), Type.Object({ afterMs: Milliseconds }, closed)]),
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
        /** Somebody outside is asked before each next wave opens. */
        external: Type.Optional(
          Type.Object(
            {
              /** The bus request `gate.ask`, or a POST to this URL, whose hosts the scheduler's settings name. */
              by: Type.Union([Type.Literal('bus'), Type.Object({ url: Type.String({ maxLength: 256 }) }, closed)]),
              /** How often it is asked again while it says `wait` or nothing. */
              everyMs: Type.Integer({ minimum: 1_000, maximum: 24 * 3_600_000 }),
              /** After so many answers in a row that were none, the campaign pauses. */
              maxFailures: Type.Integer({ minimum: 1, maximum: 1_000 }),
            },
            closed,
          ),
        ),
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
        /** Of each site: the BNG, OLT or whatever else shares a line, as the inventory names it. */
        perSite: Type.Optional(
          Type.Object(
            { inFlight: Type.Integer({ minimum: 1 }), unproven: Type.Optional(Type.Integer({ minimum: 1 })) },
            closed,
          ),
        ),
        /** What the images that are let in may take on the average: each keeps the line busy for size / this, a minute ahead at most. */
        egressBitsPerSecond: Type.Optional(Type.Integer({ minimum: 1 })),
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
        // Two for each day of the week, and some: they are asked at every claim.
        { maxItems: 16 },
      ),
    ),
    freeze: Type.Optional(Type.Array(Type.Object({ from: Time, to: Time }, closed), { maxItems: 32 })),
    /** Nothing starts unless it ends within the window even when the device begins an hour late, as it may (TR-069 3.7.2.4). */
    strictWindows: Type.Optional(Type.Boolean()),
    /** How the device is told. */
    delivery: Type.Optional(
      Type.Object(
        {
          /** ScheduleDownload hands the windows to devices that have it (TR-069 A.4.1.8); all others get Download within them. */
          method: Type.Union([Type.Literal('download'), Type.Literal('schedule_download')]),
          /** Of ScheduleDownload: what the device may do within the window. */
          mode: Type.Optional(
            Type.Union([
              Type.Literal('at_any_time'),
              Type.Literal('immediately'),
              Type.Literal('when_idle'),
              Type.Literal('confirmation_needed'),
            ]),
          ),
          userMessage: Type.Optional(Type.String({ maxLength: 256 })),
          delaySeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
          targetFileName: Type.Optional(Type.String({ maxLength: 256 })),
          successUrl: Type.Optional(Type.String({ maxLength: 256 })),
          failureUrl: Type.Optional(Type.String({ maxLength: 256 })),
        },
        closed,
      ),
    ),
    /** From a newer version to an older one; a second person has to agree. Absent: refused. */
    allowDowngrade: Type.Optional(Type.Boolean()),
    /** After 10.a: what the model's profile lists as writable is put back. */
    restoreSettings: Type.Optional(Type.Boolean()),
    /** The model's check list is gone through after the soak. Absent: yes, where the profile has one. */
    checkAfterSoak: Type.Optional(Type.Boolean()),
    /** So many boots of its own within one soak time, beyond the first, and a device is in a reboot loop. Absent: 3. */
    rebootLoopBoots: Type.Optional(Type.Integer({ minimum: 1, maximum: 20 })),
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
    strictWindows: Policy.properties.strictWindows,
    delivery: Policy.properties.delivery,
    allowDowngrade: Policy.properties.allowDowngrade,
    restoreSettings: Policy.properties.restoreSettings,
    checkAfterSoak: Policy.properties.checkAfterSoak,
    rebootLoopBoots: Policy.properties.rebootLoopBoots,
    backup: Policy.properties.backup,
    weight: Type.Optional(Policy.properties.weight),
    allowSameVersion: Type.Optional(Type.Boolean()),
    configLossDeclared: Type.Optional(Type.Boolean()),
  },
  closed,
)
export type PolicyDraft = Static<typeof PolicyDraft>

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
  path: Type.Array(Type.Object({ ...Leg.properties, version: SoftwareVersion })),
  dynamic: nullable(Type.Object({ endsAt: Time })),
  /** The campaign whose devices this one takes back. */
  rollbackOf: nullable(CampaignId),
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
  description: 'Approve, start, pause, resume, abort, or open the next wave of a campaign.',
  input: Type.Object({
    campaignId: CampaignId,
    action: Type.Union([
      /** By another person than who created it. */
      Type.Literal('approve'),
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
