import Type, { type Static } from 'typebox'
import { Campaign, Counters } from './campaign.ts'
import { request } from './define.ts'
import { Actor, CampaignId, Count, Elapsed, FaultCode, SoftwareVersion, Time, nullable } from './values.ts'

/** How far upgrades came in their last try: each stage holds all that reached it or a later one. */
export const Funnel = Type.Object({
  planned: Count,
  offered: Count,
  accepted: Count,
  fetched: Count,
  /** In touch again on another version, or rebooted. */
  returned: Count,
  verified: Count,
})
export type Funnel = Static<typeof Funnel>

export const STAGES = ['answer', 'start', 'transfer', 'return', 'proof', 'whole'] as const

/** What one stage took, of those that went through it. */
export const StageTime = Type.Object({
  /**
   * `answer`: offer to answer. `start`: answer to first byte. `transfer`: first to last byte. `return`: last byte to the first
   * contact on the target. `proof`: that contact to the outcome. `whole`: offer to outcome. Of successes alone.
   */
  stage: Type.Enum([...STAGES]),
  upgrades: Count,
  p50Ms: Elapsed,
  p90Ms: Elapsed,
  p99Ms: Elapsed,
})
export type StageTime = Static<typeof StageTime>

/** What was decided or done, with the counters of that moment. */
export const ReportedAct = Type.Object({
  seq: Count,
  at: Time,
  actor: Actor,
  /** For example `campaign.wave_opened`. */
  kind: Type.String(),
  wave: nullable(Type.Integer()),
  /** What it became or was told to be, where it is a change of state. */
  to: nullable(Type.String()),
  reason: nullable(Type.String()),
  counters: nullable(Counters),
})
export type ReportedAct = Static<typeof ReportedAct>

/** A campaign as it stands when this is asked: final once it is finished or aborted and nothing runs. */
export const CampaignReport = Type.Object({
  generatedAt: Time,
  /** Nothing is open any longer. Late facts may still move outcomes for some days. */
  settled: Type.Boolean(),
  campaign: Campaign,
  /** Null where nothing was offered yet. */
  firstOfferAt: nullable(Time),
  lastMoveAt: nullable(Time),
  attempts: Count,
  funnel: Funnel,
  /** The most frequent ones; `truncated` says where there were more. */
  outcomes: Type.Array(
    Type.Object({ state: Type.String(), reason: Type.String(), countsAs: Type.String(), upgrades: Count }),
  ),
  /** Settled upgrades that harmed or lost their device: by what it said last, and its model. */
  failures: Type.Array(
    Type.Object({
      faultCode: nullable(FaultCode),
      reason: Type.String(),
      oui: Type.String(),
      productClass: Type.String(),
      upgrades: Count,
    }),
  ),
  /** How many devices ran which version: the sum up to each time. The rarest stand together under `other`. */
  versions: Type.Object({
    at: Type.Array(Time),
    series: Type.Array(
      Type.Object({ version: Type.Union([SoftwareVersion, Type.Null()]), devices: Type.Array(Count) }),
    ),
  }),
  stages: Type.Array(StageTime),
  acts: Type.Array(ReportedAct),
  /** What of this is not whole: `outcomes`, `failures`, `acts`. */
  truncated: Type.Array(Type.String()),
})
export type CampaignReport = Static<typeof CampaignReport>

export const campaignReport = request('campaign.report', {
  server: 'campaign-scheduler',
  deadlineMs: 60_000,
  description: 'What came of a campaign; also while it runs.',
  input: Type.Object({ campaignId: CampaignId }),
  output: CampaignReport,
})
