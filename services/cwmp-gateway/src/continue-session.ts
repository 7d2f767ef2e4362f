import { encodeEnvelope, rpcNameOf } from '@sluice/cwmp'
import type { ResumedSession, SessionKey } from '@sluice/hot-store'
import type { ModelProfile } from '@sluice/model-profiles'
import { inSpan } from '@sluice/runtime'
import { postSpan } from './device-span.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { badRequest, nothing, type Reply, soap } from './http/reply.ts'
import { carryOut } from './session/carry-out.ts'
import { profileOf, readSession, type Session, writeSession } from './session/session.ts'
import type { Heard, Say, Step } from './session/step.ts'

type Resumed = Extract<ResumedSession, { kind: 'resumed' }>
type Outcome = Pick<Step, 'session' | 'changes'> & { readonly ended: boolean }

/** Which session a POST continues, and whether its cookie said so. */
export interface Named {
  readonly key: SessionKey
  readonly byCookie: boolean
}

/** A POST after the Inform: load, step, report, save, answer. `whenUnknown`: there is no such session. */
export async function continueSession(
  parts: GatewayParts,
  { key, byCookie }: Named,
  heard: Exclude<Heard, { kind: 'claim_answer' }>,
  whenUnknown: () => Reply | Promise<Reply>,
): Promise<Reply> {
  const { clock, bus, reports, instruments } = parts
  const isEmpty = heard.kind === 'empty'
  const [resumed] = await parts.hotStore.resume([{ key, endIfIdle: isEmpty, byCookie }])
  if (resumed === undefined || resumed.kind === 'unknown') return whenUnknown()
  if (resumed.kind === 'superseded') return badRequest('superseded')
  const { record, ended: wasEnded } = resumed
  const session = readSession(resumed.state)
  if (session === null) return whenUnknown()
  const { deviceKey } = session
  const rpc = isEmpty ? 'empty' : rpcNameOf(heard.message)

  return inSpan(postSpan(rpc, session, record, clock.now()), async (span) => {
    if (isEmpty && wasEnded && !session.broken) {
      instruments.sessionEnded()
      return nothing()
    }
    const profile = profileOf(session, parts.profiles)
    const digest = (name: string, value: string) => parts.digest(deviceKey, name, value)
    const done = await carryOut(session, heard, { now: clock.now(), record, profile, digest, ended: wasEnded, bus })
    const { facts, changes, say } = done
    // What the device will not say again, and what it takes our answer for.
    if (facts.length > 0) await reports.observed(deviceKey, facts)
    const ended = wasEnded || say.kind === 'refuse' || (say.kind === 'nothing' && say.ended)
    const isNews = done.session !== session || changes.length > 0 || ended !== wasEnded
    // A Download is written only by who has saved that it was: of two replicas one, and none that cannot tell.
    if (isNews && (await save(parts, key, resumed, { session: done.session, changes, ended })) === 'stale') {
      return badRequest('superseded')
    }
    note(parts, rpc, done)
    if (done.session.offered !== null) span.setAttribute('attempt_id', done.session.offered)
    if (say.kind === 'call') span.setAttribute('call', rpcNameOf(say.call))
    if (ended && !wasEnded) instruments.sessionEnded()
    return replyTo(say, done.session, profile)
  })
}

/** A POST that cannot be read ends its session (TR-069 3.7.2.4), and changes nothing else. */
export async function abandonSession(parts: GatewayParts, key: SessionKey | null, reason: string): Promise<Reply> {
  const refusal = badRequest(reason)
  if (key === null) return refusal
  const [resumed] = await parts.hotStore.resume([{ key, endIfIdle: false }])
  if (resumed?.kind !== 'resumed') return refusal
  const session = readSession(resumed.state)
  if (session === null) return refusal
  await save(parts, key, resumed, { session: { ...session, broken: true }, changes: [], ended: true })
  return refusal
}

async function save(
  { hotStore }: GatewayParts,
  key: SessionKey,
  { revision }: Resumed,
  { session, changes, ended }: Outcome,
): Promise<'saved' | 'stale'> {
  const state = writeSession(session)
  const [saved] = await hotStore.save([{ key, revision, state, ttlMs: session.ttlMs, ended, changes }])
  return saved ?? 'stale'
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

function note({ instruments, log }: GatewayParts, rpc: string, { session, facts, say }: Step): void {
  const who = { device_key: session.deviceKey, session_id: session.sessionId, rpc }
  facts.forEach(({ kind }) => instruments.observed(kind))
  if (facts.length > 0) log.info({ ...who, facts: facts.map(({ kind }) => kind) }, 'cwmp.facts.reported')
  if (say.kind === 'refuse') log.info({ ...who, reason: say.reason }, 'cwmp.session.refused')
  if (say.kind !== 'call') return
  instruments.called(rpcNameOf(say.call))
  if (say.call.kind === 'download') log.info({ ...who, attempt_id: session.offered }, 'cwmp.download.sent')
}
