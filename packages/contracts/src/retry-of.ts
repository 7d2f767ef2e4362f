import Type, { type Static } from 'typebox'
import { CampaignId } from './values.ts'

/** How an upgrade may have ended whose device is tried again. */
export const RETRIED_OUTCOMES = [
  'verified_config_lost',
  'failed',
  'rolled_back',
  'regressed',
  'declined',
  'timed_out',
  'skipped',
  'superseded',
  'cancelled',
] as const
export const RetriedOutcome = Type.Enum([...RETRIED_OUTCOMES])
export type RetriedOutcome = Static<typeof RetriedOutcome>

/** The devices of another campaign, of those that its targets leave, whose last upgrade there ended in one of these. */
export const RetryOf = Type.Object(
  {
    campaignId: CampaignId,
    /** Absent: failed, rolled_back, regressed and timed_out. */
    endedAs: Type.Optional(Type.Array(RetriedOutcome, { minItems: 1, maxItems: RETRIED_OUTCOMES.length })),
  },
  { additionalProperties: false },
)
export type RetryOf = Static<typeof RetryOf>
