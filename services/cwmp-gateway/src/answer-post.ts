import type { Bus } from '@sluice/bus'
import { upgradeTraceparent } from '@sluice/contracts'
import { decodePost, type DecodedPost, defaultLimits, encodeEnvelope, type Inform, rpcNameOf } from '@sluice/cwmp'
import type { Envelope } from '@sluice/cwmp'
import type { HotRecord, HotStore, ResumedSession, SessionKey } from '@sluice/hot-store'
import { type ModelProfile, profileFor } from '@sluice/model-profiles'
import { type Clock, inSpan, type Log, randomToken } from '@sluice/runtime'
import type { GatewaySettings } from './config.ts'
import { identityOf } from './device-identity.ts'
import type { Authenticator } from './http/authenticate.ts'
import { readCookie, writeCookie } from './http/cookie.ts'
import { badRequest, nothing, type Reply, soap, unauthorized, unavailable, unsupportedEncoding } from './http/reply.ts'
import type { Post } from './http/server.ts'
import { type Instruments, SERVICE } from './observability.ts'
import type { Reports } from './reports.ts'
import { openSession } from './session/open.ts'
import { readSession, type Session, writeSession } from './session/session.ts'
import type { Heard, Say } from './session/step.ts'
import { carryOut } from './session/carry-out.ts'

export interface GatewayParts {
  readonly bus: Bus
  readonly hotStore: HotStore
  readonly clock: Clock
  readonly log: Log
  readonly profiles: readonly ModelProfile[]
  readonly settings: GatewaySettings
  readonly reports: Reports
  readonly authenticator: Authenticator
  readonly instruments: Instruments
  readonly digest: (deviceKey: string, name: string, value: string) => string | null
  /** Why no device may be served now; null: all is well. */
  readonly whyNot: () => string | null
}

type Resumed = Extract<ResumedSession, { kind: 'resumed' }>

/** One POST of a CPE: admit, load, step, report, save, answer. */
export async function answerPost(parts: GatewayParts, post: Post): Promise<Reply> {
  const away = parts.whyNot()
  if (away !== null) return unavailable(parts.settings.retryAfterSeconds, away)
  if (isEncoded(post)) return unsupportedEncoding()
  const key = readCookie(post.cookie) ?? post.boundSession
  const gate = parts.authenticator.gate(post.authorization)
  if (key === null && gate.kind === 'challenge') return unauthorized(gate.challenge, 'no_credentials')
  const decoded = decode(parts, post)
  if (decoded.kind === 'empty') return hearEmpty(parts, post, key)
  if (decoded.kind === 'malformed') {
    parts.log.info({ code: decoded.code, detail: decoded.detail, device_key: key?.deviceKey }, 'cwmp.post.malformed')
    return abandonSession(parts, key, decoded.code)
  }
  // MaxEnvelopes is 1: whatever comes behind the first one is not acknowledged, so the CPE brings it again.
  const { body, id, ...envelope } = decoded.envelopes[0]!
  if (body.kind === 'inform') return beginSession(parts, post, { ...envelope, id, body }, body)
  if (key === null) return badRequest('no_session')
  return continueSession(parts, key, { kind: 'message', message: body, id }, () => badRequest('no_session'))
}

/** A POST that cannot be read ends its session (TR-069 3.7.2.4), and changes nothing else. */
export async function abandonSession(parts: GatewayParts, key: SessionKey | null, reason: string): Promise<Reply> {
  const refusal = badRequest(reason)
  if (key === null) return refusal
  const [resumed] = await parts.hotStore.resume([{ key, ttlMs: 60_000, endIfIdle: false }])
  if (resumed?.kind !== 'resumed') return refusal
  const session = { ...readSession(resumed.state), broken: true }
  await save(parts, key, resumed, session, true, [])
  return refusal
}

export function sessionOf(post: Post): SessionKey | null {
  return readCookie(post.cookie) ?? post.boundSession
}

/** Before any Inform there is nothing to answer: clients that probe for a challenge get one, others 204. */
async function hearEmpty(parts: GatewayParts, post: Post, key: SessionKey | null): Promise<Reply> {
  const greet = () => {
    const gate = parts.authenticator.gate(post.authorization)
    return gate.kind === 'challenge' ? unauthorized(gate.challenge, 'no_credentials') : nothing()
  }
  return key === null ? greet() : continueSession(parts, key, { kind: 'empty' }, greet)
}

/** An Inform begins a new session whatever cookie it bears. Nothing of it is acknowledged before the bus has it. */
async function beginSession(parts: GatewayParts, post: Post, envelope: Envelope, inform: Inform): Promise<Reply> {
  const { authenticator, hotStore, settings, clock, instruments, log } = parts
  const gate = authenticator.gate(post.authorization)
  if (gate.kind === 'challenge') return unauthorized(gate.challenge, 'no_credentials')
  const identity = identityOf(inform.deviceId)
  if (identity.kind === 'unusable') return badRequest('device_id')
  const { deviceKey } = identity
  const opening = openSession({ envelope, inform, deviceKey, sessionId: randomToken(12), now: clock.now() })
  const { session, informed, reply } = opening
  const profile = profileFor(parts.profiles, knownModel(session))
  const answer = encodeEnvelope({
    id: envelope.id,
    cwmpVersion: session.cwmpVersion,
    xmlDeclaration: profile.xmlDeclaration,
    ...reply,
  })
  if (reply.message.kind === 'acs_fault') return soap(answer)

  const key = { deviceKey, token: randomToken(16) }
  const { softwareVersion } = session.model
  const [opened] = await hotStore.open([
    { key, state: writeSession(session), ttlMs: session.ttlMs, version: softwareVersion },
  ])
  const { record } = opened!
  return inSpan(spanOf('Inform', session, record, clock.now()), async () => {
    if (gate.kind === 'presented') {
      const claimant = {
        presented: gate.presented,
        deviceKey,
        identity: identity.identity,
        remembered: record.credential,
      }
      const verdict = await authenticator.verify(claimant)
      if (verdict === 'wrong') {
        log.info({ device_key: deviceKey }, 'cwmp.session.unauthorized')
        return unauthorized(authenticator.challenge(), 'wrong_credentials')
      }
      if (verdict === 'cannot_tell') return unavailable(settings.retryAfterSeconds, 'credentials_unknown')
    }
    await Promise.all([parts.reports.informed(informed), reportInform(parts, session, record, informed.events)])
    const events = informed.events.map(({ code }) => code)
    log.debug({ device_key: deviceKey, session_id: session.sessionId, events }, 'cwmp.session.opened')
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

async function continueSession(
  parts: GatewayParts,
  key: SessionKey,
  heard: Heard,
  whenUnknown: () => Reply,
): Promise<Reply> {
  const { clock, instruments, log } = parts
  const isEmpty = heard.kind === 'empty'
  const [resumed] = await parts.hotStore.resume([{ key, ttlMs: 60_000, endIfIdle: isEmpty }])
  if (resumed === undefined || resumed.kind === 'unknown') return whenUnknown()
  if (resumed.kind === 'superseded') return badRequest('superseded')
  const session = readSession(resumed.state)
  const { deviceKey } = session
  const rpc = heard.kind === 'message' ? rpcNameOf(heard.message) : 'empty'

  return inSpan(spanOf(rpc, session, resumed.record, clock.now()), async (span) => {
    if (isEmpty && resumed.ended && !session.broken) {
      instruments.sessionEnded()
      return nothing()
    }
    const profile = profileFor(parts.profiles, knownModel(session))
    const done = await carryOut(session, heard, {
      now: clock.now(),
      record: resumed.record,
      profile,
      digest: (name, value) => parts.digest(deviceKey, name, value),
      ended: resumed.ended,
      bus: parts.bus,
    })
    const { facts, changes, say } = done
    if (facts.length > 0) await parts.reports.observed(deviceKey, facts)
    const ended = resumed.ended || (say.kind === 'nothing' && say.ended) || say.kind === 'refuse'
    const isNews = done.session !== session || changes.length > 0 || ended !== resumed.ended
    // A Download may only be written by who has saved that it was: of two replicas one, and none that cannot tell.
    if (isNews && (await save(parts, key, resumed, done.session, ended, changes)) === 'stale')
      return badRequest('superseded')

    if (done.session.offered !== null) span.setAttribute('attempt_id', done.session.offered)
    facts.forEach(({ kind }) => instruments.observed(kind))
    if (facts.length > 0) {
      const what = { device_key: deviceKey, session_id: session.sessionId, rpc, facts: facts.map(({ kind }) => kind) }
      log.info(what, 'cwmp.facts.reported')
    }
    if (say.kind === 'call') {
      instruments.called(rpcNameOf(say.call))
      span.setAttribute('call', rpcNameOf(say.call))
      const what = { device_key: deviceKey, session_id: session.sessionId, attempt_id: done.session.offered }
      if (say.call.kind === 'download') log.info(what, 'cwmp.download.sent')
    }
    if (ended && !resumed.ended) instruments.sessionEnded()
    return replyTo(say, done.session, profile)
  })
}

function replyTo(say: Say, { cwmpVersion }: Session, { xmlDeclaration }: ModelProfile): Reply {
  switch (say.kind) {
    case 'call':
      return soap(encodeEnvelope({ id: say.id, cwmpVersion, message: say.call, xmlDeclaration }))
    case 'answer':
      return soap(encodeEnvelope({ id: say.id, cwmpVersion, message: say.message, xmlDeclaration }))
    case 'nothing':
      return nothing()
    case 'refuse':
      return badRequest(say.reason)
    case 'claim':
      throw new Error('a claim is answered before anything is said to the device')
  }
}

async function save(
  { hotStore }: GatewayParts,
  key: SessionKey,
  { revision }: Resumed,
  session: Session,
  ended: boolean,
  changes: Parameters<HotStore['save']>[0][number]['changes'],
): Promise<'saved' | 'stale'> {
  const state = writeSession(session)
  const [saved] = await hotStore.save([{ key, revision, state, ttlMs: session.ttlMs, ended, changes }])
  return saved ?? 'stale'
}

function decode({ settings, instruments }: GatewayParts, { body, contentType }: Post): DecodedPost {
  if (body.length === 0) return { kind: 'empty' }
  const decoded = decodePost(body, contentType, { ...defaultLimits, maxBytes: settings.bodyLimit })
  if (decoded.kind === 'envelopes') decoded.warnings.forEach(({ code }) => instruments.tolerated(code))
  return decoded
}

function isEncoded({ contentEncoding }: Post): boolean {
  return contentEncoding !== undefined && !['', 'identity'].includes(contentEncoding.trim().toLowerCase())
}

function knownModel({ model: { oui, productClass, hardwareVersion, softwareVersion, root } }: Session) {
  return {
    oui,
    productClass,
    hardwareVersion: hardwareVersion ?? undefined,
    softwareVersion: softwareVersion ?? undefined,
    root,
  }
}

/** Whatever a device does while an upgrade waits for it or watches it belongs to that upgrade's one trace. */
function spanOf(rpc: string, session: Session, { watch, tasks }: HotRecord, now: number) {
  const hint = tasks.find((task) => task.kind === 'upgrade' && Date.parse(task.notBefore ?? '1970-01-01') <= now)
  const traceparent = watch?.traceparent ?? (hint === undefined ? undefined : upgradeTraceparent(hint.taskId))
  const attributes = {
    device_key: session.deviceKey,
    session_id: session.sessionId,
    rpc,
    ...(watch === null ? {} : { attempt_id: watch.attemptId }),
  }
  return { tracer: SERVICE, name: `cwmp ${rpc}`, kind: 'server', traceparent, attributes } as const
}
