import type { Policy } from '@sluice/contracts'
import { defaultPolicy } from '@sluice/rollout'

/** The same rules for other devices: canaries by name may not be among them, so all are ranked. */
export function withoutNamedWaves(policy: Policy): Policy {
  const ranked = policy.waves.filter(({ size }) => !('devices' in size))
  return { ...policy, waves: ranked.length > 0 ? ranked : defaultPolicy.waves }
}
