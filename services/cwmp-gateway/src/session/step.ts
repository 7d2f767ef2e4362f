import type { ObservedFact } from '@sluice/contracts'
import type { AcsFault, AcsResponse, CpeFault, CpeMessage, CpeRequest, CpeResponse, Inform } from '@sluice/cwmp'
import type { HotRecord, RecordChange } from '@sluice/hot-store'
import { boundedFault } from '../tasks/bounded-fault.ts'
import { continueCancel } from '../tasks/cancel.ts'
import { continueCheck } from '../tasks/check.ts'
import type { Answer, ClaimInput, Knowledge, Move } from '../tasks/task.ts'
import { continueUpgrade } from '../tasks/upgrade.ts'
import { continueVerify } from '../tasks/verify.ts'
import { chooseTask } from './choose-task.ts'
import { withChanges } from './record-view.ts'
import { type Call, MAX_CALLS, type Session } from './session.ts'

export type Heard =
  | { readonly kind: 'empty' }
  | { readonly kind: 'message'; readonly message: Exclude<CpeMessage, Inform>; readonly id: string | null }
  /** The answer to `claim`, within one POST. */
  | { readonly kind: 'claim_answer'; readonly answer: Extract<Answer, { kind: 'claimed' | 'unclaimed' }> }

export type Say =
  | { readonly kind: 'call'; readonly call: Call; readonly id: string }
  | { readonly kind: 'answer'; readonly message: AcsResponse | AcsFault; readonly id: string | null }
  /** 204. Not ended: an answer is still owed, and may still come. */
  | { readonly kind: 'nothing'; readonly ended: boolean }
  /** 400 without SOAP; the session is over (TR-069 3.7.2.4). */
  | { readonly kind: 'refuse'; readonly reason: Violation }
  /** Ask the scheduler first, then step again. */
  | { readonly kind: 'claim'; readonly input: ClaimInput }

export type Violation = 'answer_to_nothing' | 'answer_to_another_request' | 'session_broken'

export interface Step {
  readonly session: Session
  readonly record: HotRecord
  readonly facts: readonly ObservedFact[]
  readonly changes: readonly RecordChange[]
  readonly say: Say
}

/** Everything a step goes by, besides the session and what was heard. */
export interface World extends Pick<Knowledge, 'now' | 'record' | 'profile' | 'digest'> {
  /** The session was told already that there is nothing more. */
  readonly ended: boolean
}

const METHODS = ['Inform', 'TransferComplete', 'GetRPCMethods']

/** One POST of a session after its Inform, or the answer to a claim within one (TR-069 3.7.2). Pure. */
export function step(session: Session, heard: Heard, world: World): Step {
  const start: Step = { session, record: world.record, facts: [], changes: [], say: { kind: 'nothing', ended: true } }
  if (session.broken) return { ...start, say: { kind: 'refuse', reason: 'session_broken' } }
  if (heard.kind === 'claim_answer') return continueTask(start, heard.answer, world)
  const informed = reportLostAnswer(start)
  if (heard.kind === 'empty') return hearNothing(informed, world)
  if (isRequest(heard.message)) return answerRequest(informed, heard.message, heard.id)
  return hearAnswer(informed, heard.message, world)
}

/**
 * A Download was written to this device and the session died before its answer: nothing is sent again, since a CPE
 * performs every Download it holds. The device is asked what it holds.
 */
function reportLostAnswer(now: Step): Step {
  const { offer } = now.record
  if (offer === null || offer.answered || offer.attemptId === now.session.offered) return now
  const { attemptId } = offer
  return learn(now, {
    facts: [{ kind: 'download_unanswered', attemptId }],
    changes: [
      { op: 'put_offer', offer: { attemptId, answered: true } },
      // Revision 0: what the scheduler places goes before it.
      { op: 'put_task', task: { kind: 'check', taskId: attemptId, revision: 0 } },
    ],
  })
}

/** A request of the CPE is answered in the next response, whatever we wait for (TR-069 3.7.2.2). */
function answerRequest(now: Step, message: Exclude<CpeRequest, Inform>, id: string | null): Step {
  switch (message.kind) {
    case 'transfer_complete': {
      const commandKey = message.commandKey.slice(0, 32)
      const learned = learn(now, { facts: [{ kind: 'transfer_completed', commandKey, ...boundedFault(message) }] })
      return { ...learned, say: { kind: 'answer', message: { kind: 'transfer_complete_response' }, id } }
    }
    case 'get_rpc_methods':
      return { ...now, say: { kind: 'answer', message: { kind: 'get_rpc_methods_response', methods: METHODS }, id } }
    case 'unknown_request':
      return { ...now, say: { kind: 'answer', message: { kind: 'acs_fault', code: 8000 }, id } }
  }
}

/** Where an answer was due, an empty POST may be a client's probe before its body, or all there will be. */
function hearNothing(now: Step, world: World): Step {
  const { outstanding } = now.session
  if (outstanding === null) return world.ended ? now : goOn(now, world)
  if (outstanding.kind === 'download') return { ...now, say: { kind: 'nothing', ended: false } }
  if (outstanding.again === null) return continueTask(withoutCall(now), { kind: 'unanswered' }, world)
  const session = { ...now.session, outstanding: { ...outstanding, again: null } }
  return { ...now, session, say: { kind: 'call', call: outstanding.again, id: outstanding.id } }
}

/** Told apart by what they answer: there are CPE that return another cwmp:ID. */
function hearAnswer(now: Step, message: CpeResponse | CpeFault, world: World): Step {
  const { outstanding } = now.session
  if (outstanding === null) return violated(now, 'answer_to_nothing')
  if (message.kind === 'fault') {
    const { faultCode: code, faultString: text } = boundedFault({ faultCode: message.code, faultString: message.text })
    return continueTask(withoutCall(now), { kind: 'fault', code, text }, world)
  }
  if (message.kind !== `${outstanding.kind}_response`) return violated(now, 'answer_to_another_request')
  return continueTask(withoutCall(now), { kind: 'response', message }, world)
}

function continueTask(now: Step, answer: Answer, world: World): Step {
  const known = knowledge(now, world)
  const { running } = now.session
  switch (running?.kind) {
    case 'upgrade':
      return carryOut(now, continueUpgrade(running, answer, known), world)
    case 'check':
      return carryOut(now, continueCheck(running, answer), world)
    case 'cancel':
      return carryOut(now, continueCancel(running, answer), world)
    case 'verify':
      return carryOut(now, continueVerify(running, answer, known), world)
    case 'contact':
      return carryOut(now, { next: { kind: 'done' } }, world)
    case undefined:
      return goOn(now, world)
  }
}

/** Begins the next task; without one the session has come to its end. */
function goOn(now: Step, world: World): Step {
  const known = knowledge(now, world)
  const chosen = chooseTask(known)
  if (chosen === null) return { ...now, say: { kind: 'nothing', ended: true } }
  const session = { ...now.session, begun: [...now.session.begun, chosen.name] }
  return carryOut({ ...now, session }, chosen.begin({ ...known, session }), world)
}

function carryOut(before: Step, move: Move, world: World): Step {
  const now = learn(before, move)
  const { next } = move
  switch (next.kind) {
    case 'call':
      return call(now, next.call, { ...now.session, running: next.progress })
    case 'claim':
      return { ...now, session: { ...now.session, running: next.progress }, say: { kind: 'claim', input: next.input } }
    case 'done':
      return goOn({ ...now, session: { ...now.session, running: null } }, world)
    case 'end_session':
      return { ...now, session: { ...now.session, running: null }, say: { kind: 'nothing', ended: true } }
  }
}

function call(now: Step, request: Call, session: Session): Step {
  if (session.calls >= MAX_CALLS) return { ...now, say: { kind: 'nothing', ended: true } }
  const id = String(session.calls + 1)
  const again = request.kind === 'download' ? null : request
  return {
    ...now,
    session: {
      ...session,
      calls: session.calls + 1,
      outstanding: { id, kind: request.kind, again },
      offered: request.kind === 'download' ? request.commandKey : session.offered,
    },
    say: { kind: 'call', call: request, id },
  }
}

function learn(now: Step, { facts = [], changes = [] }: Pick<Move, 'facts' | 'changes'>): Step {
  return {
    ...now,
    record: withChanges(now.record, changes),
    facts: [...now.facts, ...facts],
    changes: [...now.changes, ...changes],
  }
}

function withoutCall(now: Step): Step {
  return { ...now, session: { ...now.session, outstanding: null } }
}

function violated(now: Step, reason: Violation): Step {
  return { ...now, session: { ...now.session, broken: true }, say: { kind: 'refuse', reason } }
}

function knowledge({ session, record }: Step, { now, profile, digest }: World): Knowledge {
  return { now, record, profile, digest, session, watch: record.watch }
}

function isRequest(message: Exclude<CpeMessage, Inform>): message is Exclude<CpeRequest, Inform> {
  return ['transfer_complete', 'get_rpc_methods', 'unknown_request'].includes(message.kind)
}
