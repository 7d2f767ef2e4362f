import { deviceReach, type Reach } from '@sluice/contracts'
import type { Bus } from '@sluice/bus'
import type { Clock } from '@sluice/runtime'
import type { CpeGuard } from '../guard/cpe-guard.ts'
import { type Resolve, resolveTarget } from '../guard/resolve-target.ts'
import { readConnectionRequestUrl } from '../http/connection-request-url.ts'
import { requestConnection } from '../http/request-connection.ts'
import { METRICS } from '../observability.ts'
import type { StunServer } from '../stun/stun-server.ts'
import type { XmppRequests } from '../xmpp/xmpp-requests.ts'
import type { Method, Outcome } from './outcome.ts'
import type { Tried } from './wake-queue.ts'

export interface WakeParts {
  readonly bus: Bus
  readonly clock: Clock
  readonly guard: CpeGuard
  readonly resolve: Resolve
  readonly stun: StunServer | null
  readonly xmpp: XmppRequests | null
}

export interface WakeSettings {
  readonly httpDeadlineMs: number
  readonly allowBasic: boolean
}

/** One try: by the ways the device has, the likeliest first, until one of them is answered. */
export async function wakeDevice(deviceKey: string, parts: WakeParts, settings: WakeSettings): Promise<Tried> {
  const reply = await parts.bus.request(deviceReach, { deviceKey })
  if (!reply.ok) return { outcome: reply.error.code === 'not_found' ? 'no_address' : 'unreachable', by: null }
  const reach = reply.data
  let best: Tried = { outcome: 'no_address', by: null }
  for (const method of waysTo(reach)) {
    const startedAt = parts.clock.now()
    const outcome = await by[method](reach, parts, settings)
    if (outcome === 'no_address') continue
    METRICS.requests.add(1, { method, outcome })
    METRICS.duration.record(parts.clock.now() - startedAt, { method, outcome })
    if (isHeard(outcome)) return { outcome, by: method }
    if (rank(outcome) > rank(best.outcome)) best = { outcome, by: method }
  }
  return best
}

/** UDP comes last because nobody answers it; HTTP where a NAT stands in between is a last hope (Annex G.2.2.2). */
function waysTo(reach: Reach): readonly Method[] {
  return reach.natDetected === true ? ['xmpp', 'udp', 'http'] : ['http', 'xmpp', 'udp']
}

const by: Record<Method, (reach: Reach, parts: WakeParts, settings: WakeSettings) => Promise<Outcome>> = {
  http: async (reach, parts, settings) => {
    if (reach.connectionRequestUrl === null) return 'no_address'
    const url = readConnectionRequestUrl(reach.connectionRequestUrl)
    if (url === null) return 'refused_address'
    const resolved = await resolveTarget(url.host, url.port, parts)
    if (resolved.kind !== 'target') return resolved.kind
    const { httpDeadlineMs: deadlineMs, allowBasic } = settings
    const { target } = resolved
    return requestConnection({ url, target, credentials: credentialsOf(reach), allowBasic, deadlineMs }, parts.clock)
  },
  xmpp: async (reach, { xmpp }) => {
    if (reach.jabberId === null || xmpp === null) return 'no_address'
    const { username, password } = credentialsOf(reach) ?? {}
    if (username === undefined || password === undefined) return 'unauthorized'
    return xmpp.request({ jabberId: reach.jabberId, username, password })
  },
  udp: async (reach, { stun }) => (stun === null ? 'no_address' : stun.requestConnection(reach)),
}

export function credentialsOf({ username, password }: Reach): { username: string; password: string } | null {
  return username === null || password === null ? null : { username, password }
}

/** The device answered, or nobody ever will. Who says "unauthorized" may be another device on an address that was given away. */
function isHeard(outcome: Outcome): boolean {
  return outcome === 'accepted' || outcome === 'asked' || outcome === 'busy'
}

function rank(outcome: Outcome): number {
  return ['no_address', 'refused_address', 'unauthorized', 'unreachable'].indexOf(outcome)
}
