import { encodeEnvelope, type Envelope, type Inform } from '@sluice/cwmp'
import type { HotRecord } from '@sluice/hot-store'
import { inSpan, randomToken } from '@sluice/runtime'
import { identityOf } from './device-identity.ts'
import { postSpan } from './device-span.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { Gate } from './http/authenticate.ts'
import { writeCookie } from './http/cookie.ts'
import { badRequest, type Reply, soap, unauthorized, unavailable } from './http/reply.ts'
import { refusalOf } from './prove-identity.ts'
import { openSession } from './session/open.ts'
import { profileOf, type Session, writeSession } from './session/session.ts'

/** An Inform begins a new session whatever cookie it bears. Nothing of it is acknowledged before the bus has it. */
export async function beginSession(
  parts: GatewayParts,
  gate: Gate,
  envelope: Envelope,
  inform: Inform,
): Promise<Reply> {
  const { hotStore, clock, instruments, log } = parts
  if (gate.kind === 'challenge') return unauthorized(gate.challenge, 'no_credentials')
  const device = identityOf(inform.deviceId)
  if (device.kind === 'unusable') return badRequest('device_id')
  const { deviceKey } = device
  const sessionId = randomToken(12)
  const about = { envelope, inform, deviceKey, sessionId, now: clock.now(), profiles: parts.profiles }
  const { session, informed, reply } = openSession(about)
  const { xmlDeclaration } = profileOf(session, parts.profiles)
  const answer = encodeEnvelope({ id: envelope.id, cwmpVersion: session.cwmpVersion, xmlDeclaration, ...reply })
  if (reply.message.kind === 'acs_fault') return soap(answer)

  // 128 bits, known to this device alone once it has proved who it is.
  const key = { deviceKey, token: randomToken(16) }
  const { ttlMs, model } = session
  const [opened] = await hotStore.open([{ key, state: writeSession(session), ttlMs, version: model.softwareVersion }])
  const { record, returnsCookies } = opened!
  // Lost since this POST was admitted: the record may lack the watch this Inform is to be reported for.
  const away = parts.whatIsAway()
  if (away !== null) return unavailable(parts.settings.retryAfterSeconds, away)
  return inSpan(postSpan('Inform', session, record, clock.now()), async () => {
    const refusal = gate.kind === 'presented' ? await refusalOf(parts, gate.presented, device, record) : null
    if (refusal !== null) return refusal
    await Promise.all([
      parts.reports.informed(informed),
      reportInform(parts, session, record, informed.events),
      // A CPE that may return no cookie has to be found by its user name.
      gate.kind === 'presented' && !returnsCookies ? hotStore.prove([key]) : undefined,
    ])
    const events = informed.events.map(({ code }) => code)
    log.debug({ device_key: deviceKey, session_id: sessionId, events }, 'cwmp.session.opened')
    instruments.sessionOpened()
    instruments.informed(events)
    return soap(answer, { cookie: writeCookie(key), bind: key })
  })
}

/** A watched device is reported on each Inform; one whose upgrade is settled only when its version changed. */
async function reportInform(
  { reports, instruments }: GatewayParts,
  { deviceKey, model: { softwareVersion } }: Session,
  { watch, lastVersion }: HotRecord,
  events: readonly { code: string; commandKey: string }[],
): Promise<void> {
  if (watch === null || softwareVersion === null) return
  if (watch.mode === 'settled' && softwareVersion === lastVersion) return
  await reports.observed(deviceKey, [{ kind: 'informed', softwareVersion, events: [...events] }])
  instruments.observed('informed')
}
