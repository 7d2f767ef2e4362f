import { encodeEnvelope, rpcNameOf } from '@sluice/cwmp'
import type { NonceUse, ResumedSession, SessionKey } from '@sluice/hot-store'
import { inSpan } from '@sluice/runtime'
import { postSpan } from './device-span.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { badRequest, nothing, type Reply, soap } from './http/reply.ts'
import { noteStep } from './note-step.ts'
import { replayed } from './prove-identity.ts'
import { isAllowed, type ReadPost } from './read-post.ts'
import { carryOut } from './session/carry-out.ts'
import { knownModel, readSession, type Session, writeSession } from './session/session.ts'
import type { Heard, Say, Step } from './session/step.ts'
import type { Keeping } from './tasks/task.ts'

type Resumed = Extract<ResumedSession, { kind: 'resumed' }>
type Outcome = Pick<Step, 'session' | 'changes'> & { readonly ended: boolean }
export type SentInSession = Exclude<ReadPost, { kind: 'malformed' }>

/** Which session a POST continues, and whether its cookie said so. */
export interface Named {
  readonly key: SessionKey
  readonly byCookie: boolean
  /** What the POST is authenticated with, where it is and with digest. */
  readonly nonce: NonceUse | undefined
}

/** A POST after the Inform: load, step, report, save, answer. `whenUnknown`: there is no such session. */
export async function continueSession(
  parts: GatewayParts,
  { key, byCookie, nonce }: Named,
  sent: SentInSession,
  whenUnknown: () => Reply | Promise<Reply>,
): Promise<Reply> {
  const { clock, instruments, rules, services } = parts
  const isEmpty = sent.kind === 'empty'
  const [resumed] = await parts.hotStore.resume([{ key, endIfIdle: isEmpty, byCookie, nonce }])
  if (resumed === undefined || resumed.kind === 'unknown') return whenUnknown()
  if (resumed.kind === 'superseded') return badRequest('superseded')
  if (resumed.kind === 'replayed') return replayed(parts)
  const { record, ended: wasEnded } = resumed
  const session = readSession(resumed.state)
  if (session === null) return whenUnknown()
  const { deviceKey } = session
  const heard = heardIn(sent)
  const rpc = nameOf(heard[0])

  return inSpan(postSpan(rpc, session, record, clock.now()), async (span) => {
    const startedAt = clock.now()
    if (isEmpty && wasEnded && !session.broken) {
      instruments.sessionEnded()
      return nothing()
    }
    const profile = rules.profileFor(knownModel(session))
    if (sent.kind === 'envelopes' && sent.mended !== null && !isAllowed(sent, profile)) {
      return breakOff(parts, key, resumed, session, sent.mended.otherwise)
    }
    const digest = (name: string, value: string) => parts.digest(deviceKey, name, value)
    const world = { now: clock.now(), record, profile, digest, keeping: keepingOf(parts, deviceKey), ended: wasEnded }
    const done = await carryOut(session, heard, world, services)
    const { say } = done
    const ended = wasEnded || say.kind === 'refuse' || (say.kind === 'nothing' && say.ended)
    const isNews = done.session !== session || done.changes.length > 0 || ended !== wasEnded
    try {
      // What the device will not say again, and what it takes our answer for.
      if (done.facts.length > 0) await parts.reports.observed(deviceKey, done.facts)
      // A call is written only by who has saved that it was: of two replicas one, and none that cannot tell.
      if (
        isNews &&
        (await save(parts, key, resumed, { session: done.session, changes: done.changes, ended })) === 'stale'
      ) {
        await takeBack(parts, done)
        return retryOf(heard, done) ?? badRequest('superseded')
      }
    } catch (error) {
      await takeBack(parts, done)
      throw error
    }
    if (done.session.offered !== null) span.setAttribute('attempt_id', done.session.offered)
    if (say.kind === 'call') span.setAttribute('call', rpcNameOf(say.call))
    if (done.session.running?.kind === 'call') span.setAttribute('task_id', done.session.running.task.taskId)
    if (ended && !wasEnded) instruments.sessionEnded()
    const reply = replyTo(say, done.session, profile)
    noteStep(parts, { sent, before: session, done, reply: reply.body })
    instruments.handled(rpc, clock.now() - startedAt)
    return reply
  })

  /** Two POSTs at once on one device: the CPE says the same again, and is answered then (TR-069 3.7.2.4, A.5). */
  function retryOf(heard: readonly Heard[], { say, session: { cwmpVersion } }: Step): Reply | null {
    if (say.kind !== 'answer' || !heard.some(({ kind }) => kind === 'message')) return null
    instruments.faulted(rpc, 8005)
    return soap(encodeEnvelope({ id: say.id, cwmpVersion, message: { kind: 'acs_fault', code: 8005 } }))
  }
}

function keepingOf({ settingsSeal }: GatewayParts, deviceKey: string): Keeping | null {
  if (settingsSeal === null) return null
  return {
    close: (name, kept) => settingsSeal.close(deviceKey, name, kept),
    open: (name, sealed) => settingsSeal.open(deviceKey, name, sealed),
  }
}

/** A POST that cannot be read ends its session (TR-069 3.7.2.4), and changes nothing else. */
export async function abandonSession(parts: GatewayParts, key: SessionKey | null, reason: string): Promise<Reply> {
  const refusal = badRequest(reason)
  if (key === null) return refusal
  const [resumed] = await parts.hotStore.resume([{ key, endIfIdle: false }])
  if (resumed?.kind !== 'resumed') return refusal
  const session = readSession(resumed.state)
  return session === null ? refusal : breakOff(parts, key, resumed, session, reason)
}

/** Ends a session by what cannot be read in it; whoever waits for an answer is told what became of it. */
async function breakOff(
  parts: GatewayParts,
  key: SessionKey,
  resumed: Resumed,
  session: Session,
  reason: string,
): Promise<Reply> {
  const broken = { ...session, broken: true }
  const { running } = session
  if (running?.kind !== 'call' || session.outstanding === null || !TOO_MUCH.includes(reason)) {
    await save(parts, key, resumed, { session: broken, changes: [], ended: true })
    return badRequest(reason)
  }
  const { taskId, revision } = running.task
  // Our own fault, resources exceeded: the device did answer.
  const fault = { code: 8004, text: `the answer is more than this gateway reads of one (${reason}): ask for less` }
  await parts.services.report(session.deviceKey, [{ kind: 'answered', taskId, result: { kind: 'fault', fault } }])
  const changes = [
    { op: 'put_call', call: { taskId, answered: true } },
    { op: 'drop_task', taskId, kind: 'call', revision },
  ] as const
  await save(parts, key, resumed, { session: broken, changes, ended: true })
  return badRequest(reason)
}

const TOO_MUCH: readonly string[] = ['body_too_large', 'too_large', 'too_many_elements']

function heardIn(sent: SentInSession): readonly Heard[] {
  if (sent.kind === 'empty') return [sent]
  return sent.envelopes.flatMap(({ body: message, id }) =>
    message.kind === 'inform' ? [] : [{ kind: 'message', message, id }],
  )
}

function nameOf(heard: Heard | undefined): string {
  return heard?.kind === 'message' ? rpcNameOf(heard.message) : 'empty'
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

/** A call that was claimed and is not sent after all: whoever waits for it is told, as far as anybody can be. */
async function takeBack({ services, log }: GatewayParts, { session, changes }: Step): Promise<void> {
  const claimed = changes.find((change) => change.op === 'put_call' && !change.call.answered)
  if (claimed?.op !== 'put_call') return
  const { taskId } = claimed.call
  const result = { kind: 'not_sent', reason: 'the session was overtaken by another request' } as const
  await services.report(session.deviceKey, [{ kind: 'answered', taskId, result }]).catch((error: unknown) => {
    log.warn({ err: error, device_key: session.deviceKey, task_id: taskId }, 'cwmp.call.not_taken_back')
  })
}

function replyTo(
  say: Say,
  { cwmpVersion }: Session,
  { xmlDeclaration, soapPrefix }: Parameters<typeof isAllowed>[1],
): Reply {
  switch (say.kind) {
    case 'call':
      return soap(encodeEnvelope({ id: say.id, cwmpVersion, message: say.call, xmlDeclaration, soapPrefix }))
    case 'answer':
      return soap(encodeEnvelope({ id: say.id, cwmpVersion, message: say.message, xmlDeclaration, soapPrefix }))
    case 'nothing':
      return nothing()
    case 'refuse':
      return badRequest(say.reason)
    case 'ask':
      throw new Error('a question is answered before anything is said to the device')
  }
}
