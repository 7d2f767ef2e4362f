import { encodeEnvelope, type Envelope, type Inform, isCpeRequest } from '@sluice/cwmp'
import type { HotRecord } from '@sluice/hot-store'
import { inSpan, randomToken } from '@sluice/runtime'
import { identityOf } from './device-identity.ts'
import { postSpan } from './device-span.ts'
import { mayHaveForgotten } from './forgotten-credential.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { Gate } from './http/authenticate.ts'
import { writeCookie } from './http/cookie.ts'
import { badRequest, redirected, type Reply, soap, unauthorized, unavailable } from './http/reply.ts'
import { isIdleInform, lineOfAcs, linesOfCpe } from './messages/session-log.ts'
import { leniencyOf, nonceOf, proveIdentity, replayed } from './prove-identity.ts'
import { isAllowed, type SentEnvelopes } from './read-post.ts'
import { type AnsweredRequest, answerRequest } from './session/answer-request.ts'
import { openSession } from './session/open.ts'
import { knownModel, type Session, writeSession } from './session/session.ts'

/** Longer than the registry is waited for; that of most sessions, which so need no word that they are proven. */
const UNPROVEN_MS = 60_000

/** An Inform begins a new session whatever cookie it bears. Nothing of it is acknowledged before the bus has it. */
export async function beginSession(
  parts: GatewayParts,
  gate: Gate,
  sent: SentEnvelopes,
  { envelope, inform }: { readonly envelope: Envelope; readonly inform: Inform },
): Promise<Reply> {
  const { hotStore, clock, instruments, log, rules } = parts
  if (gate.kind === 'challenge') return unauthorized(gate.challenge, 'no_credentials')
  const device = identityOf(inform.deviceId)
  if (device.kind === 'unusable') return badRequest('device_id')
  const { deviceKey } = device
  const sessionId = randomToken(12)
  const ofGate = leniencyOf(gate)
  ofGate.forEach((code) => instruments.tolerated(code))
  const warnings = [...sent.warnings, ...ofGate]
  const { profileFor } = rules
  const opening = openSession({ envelope, inform, deviceKey, sessionId, now: clock.now(), profileFor, warnings })
  const { profile, informed, reply } = opening
  if (sent.mended !== null && !isAllowed(sent, profile)) return badRequest(sent.mended.otherwise)
  const beside = requestsBeside(sent, opening.session)
  const wantsFirmware = beside.some((request) => request.wantsFirmware === true)
  const session: Session = { ...opening.session, wantsFirmware }
  const { cwmpVersion, ttlMs, model } = session
  const { xmlDeclaration, soapPrefix } = profile
  const answer = encodeEnvelope({ id: envelope.id, cwmpVersion, xmlDeclaration, soapPrefix, ...reply })
  if (reply.message.kind === 'acs_fault') {
    instruments.faulted('Inform', reply.message.code)
    return soap(answer)
  }

  // Known to this device alone, once it has proved who it is.
  const key = { deviceKey, token: parts.authenticator.issueToken(deviceKey) }
  const bootedAt = session.booted && profile.postBootHoldOffMs > 0 ? { bootedAt: clock.now() } : {}
  const tentative = {
    key,
    ttlMs,
    // Who has not proved who they are cannot have it kept for as long as they please.
    tentativeMs: gate.kind === 'open' ? ttlMs : Math.min(ttlMs, UNPROVEN_MS),
    version: model.softwareVersion,
    ...bootedAt,
    hasWork: wantsFirmware || profile.endsAfterEmptyPosts > 1,
  }
  const [opened] = await hotStore.open([{ ...tentative, state: writeSession(session), nonce: nonceOf(gate) }])
  const { record, returnsCookies } = opened!
  if (opened!.replayed) return replayed(parts)
  // Lost since this POST was admitted: the record may lack the watch this Inform is to be reported for.
  const away = parts.whatIsAway()
  if (away !== null) return unavailable(parts.settings.retryAfterSeconds, away)
  // Nothing is remembered of it: it is new, or the store has just forgotten everybody, and the watch with them.
  if (record.lastVersion === null && !(await hotStore.isRestored('placements'))) {
    return unavailable(parts.settings.retryAfterSeconds, 'not_restored')
  }
  const elsewhere = sendElsewhere(parts, session, record)
  if (elsewhere !== null) return elsewhere
  return inSpan(postSpan('Inform', session, record, clock.now()), async () => {
    const startedAt = clock.now()
    const about = { remembered: record, isInform: true, mayHaveForgotten: mayHaveForgotten(record, informed.events) }
    const proof = await proveIdentity(parts, gate, device, about)
    if (proof.kind === 'refused') return proof.reply
    const byBootstrapCredential = proof.role === 'bootstrap'
    await Promise.all([
      parts.reports.informed({ ...informed, ...(byBootstrapCredential ? { byBootstrapCredential } : {}) }),
      reportInform(parts, session, record, informed.events, inform.retryCount),
      reportBeside(parts, session, beside),
      // A CPE that may return no cookie has to be found by its user name, and a slow one has its time from now on.
      gate.kind !== 'open' && (!returnsCookies || profile.cookieless || ttlMs > UNPROVEN_MS)
        ? hotStore.prove([key])
        : undefined,
    ])
    if (proof.role === 'bootstrap' || proof.role === 'pending') {
      // The same session once more, which now knows that it is to get a credential of its own.
      const state = writeSession({ ...session, role: proof.role, issueId: proof.issueId ?? null })
      await hotStore.open([{ ...tentative, state, hasWork: true, tentativeMs: ttlMs }])
    }
    if (proof.role === 'former') {
      // Somebody else came by the credential of the model, and the device has had no part in it; or it did, and gave it up.
      log.warn({ device_key: deviceKey, session_id: sessionId }, 'cwmp.credential.former_used')
    }
    const events = informed.events.map(({ code }) => code)
    log.debug({ device_key: deviceKey, session_id: sessionId, events }, 'cwmp.session.opened')
    instruments.sessionOpened()
    // Many by the credential of their model are many that forgot their own: what an alarm goes by.
    instruments.authenticated(proof.role ?? 'none')
    instruments.informed(events)
    instruments.requested('cpe', 'Inform')
    instruments.handled('Inform', clock.now() - startedAt)
    logInform(parts, session, sent, reply.message, answer)
    return soap(answer, { cookie: writeCookie(key), bind: key })
  })
}

/**
 * What came behind the Inform in the same POST (quirk 42). It is stored and not answered, since one envelope a time goes
 * back and the InformResponse is that one: the CPE brings it again, and is answered then.
 */
function requestsBeside({ envelopes }: SentEnvelopes, { methodKeys }: Session): readonly AnsweredRequest[] {
  return envelopes.flatMap(({ body }) =>
    isCpeRequest(body) && body.kind !== 'inform' ? [answerRequest(body, methodKeys)] : [],
  )
}

async function reportBeside(
  { reports, services, instruments }: GatewayParts,
  { deviceKey }: Session,
  beside: readonly AnsweredRequest[],
): Promise<void> {
  if (beside.length === 0) return
  const facts = beside.flatMap((request) => request.facts ?? [])
  const told = beside.flatMap((request) => request.reports ?? [])
  await Promise.all([
    facts.length === 0 ? undefined : reports.observed(deviceKey, facts),
    told.length === 0 ? undefined : services.report(deviceKey, told),
  ])
  facts.forEach(({ kind }) => instruments.observed(kind))
}

/**
 * Sent to another ACS by rule (TR-069 3.4.6), which asks for credentials itself: ours may know none of this device.
 * Nothing is acknowledged, nothing published, and the session that was opened is nobody's.
 */
function sendElsewhere({ rules, instruments, log }: GatewayParts, session: Session, record: HotRecord): Reply | null {
  const { deviceKey } = session
  const isWatched = record.watch?.mode === 'open'
  const rule = rules.redirectFor({ deviceKey, model: knownModel(session), isWatched })
  if (rule === null) return null
  instruments.redirected(rule.name)
  log.info({ device_key: deviceKey, rule: rule.name, status: rule.status }, 'cwmp.session.redirected')
  return redirected(rule.url, rule.status)
}

/** A watched device is reported on each Inform; one whose upgrade is settled only when its version changed. */
async function reportInform(
  { reports, instruments }: GatewayParts,
  { deviceKey, model: { softwareVersion } }: Session,
  { watch, lastVersion }: HotRecord,
  events: readonly { code: string; commandKey: string }[],
  tried: number,
): Promise<void> {
  if (watch === null || softwareVersion === null) return
  if (watch.mode === 'settled' && softwareVersion === lastVersion) return
  const retryCount = tried === 0 ? {} : { retryCount: Math.min(tried, 1_000_000) }
  await reports.observed(deviceKey, [{ kind: 'informed', softwareVersion, events: [...events], ...retryCount }])
  instruments.observed('informed')
}

/** Not of a device that only says it is there: such sessions leave nothing but their Inform. */
function logInform(
  { messages, rules }: GatewayParts,
  { deviceKey, sessionId }: Session,
  sent: SentEnvelopes,
  answer: Parameters<typeof lineOfAcs>[1],
  text: string,
): void {
  if (sent.envelopes.every(({ body }) => isIdleInform(body))) return
  const session = { deviceKey, sessionId, keepsBodies: rules.logsBodiesOf(deviceKey) }
  messages.write([...linesOfCpe(session, sent), lineOfAcs(session, answer, text)])
}
