import { ModelMatch, ModelProfile } from '@sluice/model-profiles'
import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { Actor, DeviceKey, Time } from './values.ts'

/** A model profile as the registry keeps it: an operator's own, after the shipped ones. */
export const StoredProfile = Type.Object({
  profile: ModelProfile,
  /** Came with Sluice: it can be overridden by one that matches more, not changed. */
  shipped: Type.Boolean(),
  updatedAt: Time,
  updatedBy: Actor,
})
export type StoredProfile = Static<typeof StoredProfile>

/** Whose sessions are sent to another ACS (TR-069 3.4.6): the first rule that fits, in the order of names. */
export const RedirectRule = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }),
    /** Both where both are given. */
    match: Type.Optional(ModelMatch),
    deviceKeys: Type.Optional(Type.Array(DeviceKey, { minItems: 1, maxItems: 1_000 })),
    /** Of the devices that match, this share by a stable hash. */
    percent: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
    url: Type.String({ minLength: 1, maxLength: 256 }),
    status: Type.Union([Type.Literal(302), Type.Literal(307)]),
  },
  { additionalProperties: false },
)
export type RedirectRule = Static<typeof RedirectRule>

/** Everything that gateways go by besides the devices themselves: small, whole, held in memory. */
export const GatewayRules = Type.Object({
  /** Grows with every change. */
  revision: Type.Integer({ minimum: 0 }),
  profiles: Type.Array(ModelProfile, { maxItems: 2_000 }),
  redirects: Type.Array(RedirectRule, { maxItems: 200 }),
  /** Whose bodies are kept in the message log. */
  logBodiesOf: Type.Array(DeviceKey, { maxItems: 1_000 }),
})
export type GatewayRules = Static<typeof GatewayRules>

export const gatewayRulesGet = request('gateway_rules.get', {
  server: 'device-registry',
  deadlineMs: 3_000,
  description: 'Profiles, redirects and whose bodies are logged; null where the asker has this revision already.',
  input: Type.Object({ known: Type.Optional(Type.Integer()) }),
  output: Type.Object({ rules: Type.Union([GatewayRules, Type.Null()]) }),
})

export const gatewayRulesChanged = event('gateway_rules.changed', {
  delivery: 'live',
  consumers: [],
  key: 'all',
  description: 'There is a newer revision of the gateway rules; who misses this asks within half a minute.',
  data: Type.Object({ revision: Type.Integer() }),
})

export const profileList = request('profile.list', {
  server: 'device-registry',
  deadlineMs: 5_000,
  description: 'All model profiles, shipped ones first.',
  input: Type.Object({}),
  output: Type.Object({ items: Type.Array(StoredProfile) }),
})
export const profilePut = request('profile.put', {
  server: 'device-registry',
  deadlineMs: 5_000,
  description: 'Adds a profile or replaces the one of this name.',
  input: Type.Object({ profile: ModelProfile, actor: Actor }),
  output: StoredProfile,
})
export const profileRemove = request('profile.remove', {
  server: 'device-registry',
  deadlineMs: 5_000,
  description: 'Removes a profile of the operator.',
  input: Type.Object({ name: Type.String({ maxLength: 64 }), actor: Actor }),
  output: Type.Object({}),
})

export const redirectList = request('redirect.list', {
  server: 'device-registry',
  deadlineMs: 5_000,
  description: 'All redirect rules.',
  input: Type.Object({}),
  output: Type.Object({ items: Type.Array(RedirectRule) }),
})
export const redirectPut = request('redirect.put', {
  server: 'device-registry',
  deadlineMs: 5_000,
  description: 'Adds a redirect rule or replaces the one of this name.',
  input: Type.Object({ rule: RedirectRule, actor: Actor }),
  output: RedirectRule,
})
export const redirectRemove = request('redirect.remove', {
  server: 'device-registry',
  deadlineMs: 5_000,
  description: 'Removes a redirect rule: its devices stay from their next session on.',
  input: Type.Object({ name: Type.String({ maxLength: 64 }), actor: Actor }),
  output: Type.Object({}),
})
