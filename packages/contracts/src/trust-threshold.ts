import Type, { type Static } from 'typebox'
import { request } from './define.ts'
import { Actor, Time, nullable } from './values.ts'

/** The models a threshold is of: one, or all of a vendor that have none of their own (null). */
export const ThresholdScope = {
  oui: Type.String({ pattern: '^[0-9A-F]{6}$' }),
  productClass: nullable(Type.String({ minLength: 1, maxLength: 64 })),
}
export const RequiredKeys = Type.Integer({ minimum: 1, maximum: 8 })

/** How many different keys have to sign an image for these models. */
export const TrustThreshold = Type.Object({
  ...ThresholdScope,
  /** Null: it was only proposed, and what holds for the vendor or elsewhere does. */
  requiredKeys: nullable(RequiredKeys),
  /** When and by whom it was set, or proposed at first. */
  setAt: Time,
  setBy: Actor,
  /** A lower one that a second person has not agreed to yet. */
  proposed: nullable(Type.Object({ requiredKeys: RequiredKeys, by: Actor, at: Time })),
})
export type TrustThreshold = Static<typeof TrustThreshold>

export const trustThresholdPut = request('trust_threshold.put', {
  server: 'firmware-verifier',
  deadlineMs: 5_000,
  description:
    'Sets how many keys have to sign for a vendor or model. More hold at once; fewer, where a second person is asked for, once approved.',
  input: Type.Object({ ...ThresholdScope, requiredKeys: RequiredKeys, actor: Actor }),
  output: TrustThreshold,
})
export const trustThresholdApprove = request('trust_threshold.approve', {
  server: 'firmware-verifier',
  deadlineMs: 5_000,
  description:
    'Agrees to this lower threshold: by another person than who asked for it. Refused where another one waits.',
  input: Type.Object({ ...ThresholdScope, requiredKeys: RequiredKeys, actor: Actor }),
  output: TrustThreshold,
})
export const trustThresholdList = request('trust_threshold.list', {
  server: 'firmware-verifier',
  deadlineMs: 5_000,
  description: 'The thresholds that were set, and the one that holds for all other models.',
  input: Type.Object({}),
  output: Type.Object({ items: Type.Array(TrustThreshold), requiredKeysElsewhere: RequiredKeys }),
})
