import Type, { type Static } from 'typebox'
import { Caps } from './campaign-caps.ts'
import { Count, Milliseconds, Time, nullable } from './values.ts'

const Ratio = Type.Number({ minimum: 0, maximum: 1 })
const closed = { additionalProperties: false } as const

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
        /** Who has not shown up so long after the wave opened is not waited for where the wave is smaller than `minSettled`. */
        absentAfterMs: Type.Optional(Milliseconds),
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
    caps: Caps,
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

const { limits: _, ...gateWithoutLimits } = Policy.properties.gate.properties

/** What is left out takes its default; null: there is no such limit. */
const LimitsDraft = Type.Object(
  {
    hard: Type.Optional(nullable(Count)),
    silent: Type.Optional(nullable(Count)),
    configLost: Type.Optional(nullable(Ratio)),
    stalled: Type.Optional(nullable(Count)),
    overdue: Type.Optional(nullable(Count)),
  },
  closed,
)

/** A policy as an operator writes it: what is left out takes the default, per group, and of the limits each. */
export const PolicyDraft = Type.Object(
  {
    waves: Type.Optional(Policy.properties.waves),
    gate: Type.Optional(Type.Partial(Type.Object({ ...gateWithoutLimits, limits: LimitsDraft }), closed)),
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
