import type { SessionKey } from '@sluice/hot-store'
import { identityNamed } from './device-identity.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { Gate } from './http/authenticate.ts'
import { type Reply, unauthorized } from './http/reply.ts'
import { proveIdentity } from './prove-identity.ts'

export type Found =
  | { readonly kind: 'found'; readonly key: SessionKey }
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly reply: Reply }

/**
 * The session of a CPE that returns no cookie: the latest one of the device its Authorization or its certificate names,
 * once it has proved again who it is (any POST may be challenged, TR-069 3.4.4). The store is changed only after that.
 */
export async function findSession(parts: GatewayParts, gate: Gate): Promise<Found> {
  if (gate.kind === 'challenge') return { kind: 'refused', reply: unauthorized(gate.challenge, 'no_credentials') }
  if (gate.kind === 'open') return { kind: 'none' }
  const device = identityNamed(gate.kind === 'certified' ? gate.name : gate.presented.username)
  if (device.kind === 'unusable') return { kind: 'none' }
  const { deviceKey } = device
  const [latest] = await parts.hotStore.latest([deviceKey])
  if (latest === undefined || latest.token === null) return { kind: 'none' }
  const about = { remembered: latest, isInform: false, mayHaveForgotten: false }
  const proof = await proveIdentity(parts, gate, device, about)
  return proof.kind === 'proven' ? { kind: 'found', key: { deviceKey, token: latest.token } } : proof
}
