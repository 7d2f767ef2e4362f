import { type GatewayRules, type Reply, answered, refused } from '@sluice/contracts'

/** Whose bodies are logged, and how many rules there may be: as in the schema of GatewayRules. */
export const MOST_LOGGING = 1_000
const MOST_PROFILES = 2_000
const MOST_REDIRECTS = 200
/** All rules travel in one message, which has a million bytes; the answer that lists profiles needs some more for each. */
const MOST_BYTES = 700_000

/** Refuses rules that gateways could not be handed. */
export function checkLimits(rules: GatewayRules): Reply<GatewayRules> {
  if (rules.profiles.length > MOST_PROFILES) return refused('conflict', `there are ${MOST_PROFILES} profiles already`)
  if (rules.redirects.length > MOST_REDIRECTS)
    return refused('conflict', `there are ${MOST_REDIRECTS} redirects already`)
  if (Buffer.byteLength(JSON.stringify(rules)) > MOST_BYTES) {
    return refused(
      'too_large',
      `all rules together have at most ${MOST_BYTES} bytes: name fewer devices, or more than one at once`,
    )
  }
  return answered(rules)
}
