import type { ObservedFact } from '@sluice/contracts'
import {
  type AcsFault,
  type AcsResponse,
  type CpeFault,
  type CpeMessage,
  type CpeResponse,
  type Inform,
  isCpeRequest,
  rpcNameOf,
} from '@sluice/cwmp'
import type { HotRecord, RecordChange } from '@sluice/hot-store'
import { returnedByItsOwn } from '../forgotten-credential.ts'
import { boundedFault } from '../tasks/bounded-fault.ts'
import { continueCancel } from '../tasks/cancel.ts'
import { continueCheck } from '../tasks/check.ts'
import { continueCall } from '../tasks/call.ts'
import { continueVersion } from '../tasks/learn-version.ts'
import { continueRekey } from '../tasks/rekey.ts'
import type { Answer, Knowledge, Move, Progress, Question, TaskReport, ToldAnswer } from '../tasks/task.ts'
import { continuePutBack } from '../tasks/put-back.ts'
import { continueUpgrade } from '../tasks/upgrade.ts'
import { continueVerify } from '../tasks/verify.ts'
import { answerRequest, type RequestOfCpe } from './answer-request.ts'
import { callName, chooseTask } from './choose-task.ts'
import { withChanges } from './record-view.ts'
import { type Call, MAX_CALLS, type Session } from './session.ts'

export type Heard =
  | { readonly kind: 'empty' }
  | { readonly kind: 'message'; readonly message: Exclude<CpeMessage, Inform>; readonly id: string | null }
  /** The answer to `ask`, within one POST. */
  | { readonly kind: 'told'; readonly answer: ToldAnswer }

export type Say =
  | { readonly kind: 'call'; readonly call: Call; readonly id: string }
  | { readonly kind: 'answer'; readonly message: AcsResponse | AcsFault; readonly id: string | null }
  /** 204. Not ended: an answer is still owed, and may still come. */
  | { readonly kind: 'nothing'; readonly ended: boolean }
  /** 400 without SOAP; the session is over (TR-069 3.7.2.4). */
  | { readonly kind: 'refuse'; readonly reason: Violation }
  /** Ask another service first, then step again. */
  | { readonly kind: 'ask'; readonly question: Question }

export type Violation = 'answer_to_nothing' | 'answer_to_another_request' | 'session_broken'

export interface Step {
  readonly session: Session
  readonly record: HotRecord
  readonly facts: readonly ObservedFact[]
  readonly reports: readonly TaskReport[]
  readonly changes: readonly RecordChange[]
  readonly say: Say
}

/** Everything a step goes by, besides the session and what was heard. */
export interface World extends Pick<Knowledge, 'now' | 'record' | 'profile' | 'digest' | 'keeping'> {
  /** The session was told already that there is nothing more. */
  readonly ended: boolean
}

/** One envelope of a session after its Inform, an empty POST, or the answer to a question within one (TR-069 3.7.2). Pure. */
export function step(session: Session, heard: Heard, world: World): Step {
  const start: Step = {
    session,
    record: world.record,
    facts: [],
    reports: [],
    changes: [],
    say: { kind: 'nothing', ended: true },
  }
  if (session.broken) return { ...start, say: { kind: 'refuse', reason: 'session_broken' } }
  if (heard.kind === 'told') return continueTask(start, heard.answer, world)
  const informed = reportLostCall(reportLostAnswer(noteReturn(start)))
  if (heard.kind === 'empty') return hearNothing(informed, world)
  if (isCpeRequest(heard.message)) return hearRequest(informed, heard.message, heard.id)
  return hearAnswer(informed, heard.message, heard.id, world)
}

function noteReturn(now: Step): Step {
  const attemptId = returnedByItsOwn(now)
  return attemptId === null ? now : learn(now, { changes: [{ op: 'put_returned', attemptId }] })
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

/** The same of an operator's call: what became of it, nobody will tell any more. */
function reportLostCall(now: Step): Step {
  const { call } = now.record
  if (call === null || call.answered || now.session.begun.includes(callName(call.taskId))) return now
  const { taskId } = call
  const hints = now.record.tasks.filter((task) => task.kind === 'call' && task.taskId === taskId)
  return learn(now, {
    reports: [{ kind: 'answered', taskId, result: { kind: 'unanswered' } }],
    changes: [
      { op: 'put_call', call: { taskId, answered: true } },
      ...hints.map(({ kind, revision }) => ({ op: 'drop_task', taskId, kind, revision }) as const),
    ],
  })
}

function hearRequest(now: Step, message: RequestOfCpe, id: string | null): Step {
  const { facts = [], reports = [], wantsFirmware = false, answer } = answerRequest(message, now.session.methodKeys)
  const session = wantsFirmware ? { ...now.session, wantsFirmware } : now.session
  return { ...learn({ ...now, session }, { facts, reports }), say: { kind: 'answer', message: answer, id } }
}

/** Where an answer was due, an empty POST may be a client's probe before its body, or all there will be. */
function hearNothing(now: Step, world: World): Step {
  const { outstanding } = now.session
  if (outstanding === null) return world.ended ? now : goOn(now, world)
  const { kind, again, mayWait, id } = outstanding
  const isOffer = kind === 'download' || (kind === 'schedule_download' && now.session.running?.kind === 'upgrade')
  const waiting = (session: Session): Step => ({ ...now, session, say: { kind: 'nothing', ended: false } })
  if (isOffer) return waiting(now.session)
  if (again !== null) {
    const session = { ...now.session, outstanding: { ...outstanding, again: null, mayWait: false } }
    return { ...now, session, say: { kind: 'call', call: again, id } }
  }
  if (mayWait) return waiting({ ...now.session, outstanding: { ...outstanding, mayWait: false } })
  return continueTask(withoutCall(now), { kind: 'unanswered' }, world)
}

/** Told apart by what they answer: there are CPE that return another cwmp:ID (quirk 13). */
function hearAnswer(now: Step, message: CpeResponse | CpeFault, id: string | null, world: World): Step {
  const { outstanding } = now.session
  if (outstanding === null) return violated(now, 'answer_to_nothing')
  if (world.profile.checksResponseIds && id !== outstanding.id) return violated(now, 'answer_to_another_request')
  if (message.kind === 'fault') {
    const { faultCode: code, faultString: text } = boundedFault({ faultCode: message.code, faultString: message.text })
    const { parameterFaults: parameters } = message
    return continueTask(withoutCall(now), { kind: 'fault', code, text, parameters }, world)
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
    case 'call':
      return carryOut(now, continueCall(running, answer, known), world)
    case 'rekey':
      return carryOut(now, continueRekey(running, answer, known), world)
    case 'version':
      return carryOut(now, continueVersion(answer, known), world)
    case 'put_back':
      return carryOut(now, continuePutBack(running, answer, known), world)
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
  if (chosen === null) return haveNothing(now, world)
  const session = { ...now.session, begun: [...now.session.begun, chosen.name] }
  return carryOut({ ...now, session }, chosen.begin({ ...known, session }), world)
}

/** There are CPE that end their sessions by several empty POSTs in a row: what comes up between them is still told. */
function haveNothing(now: Step, { profile }: World): Step {
  const empties = now.session.empties + 1
  const ended = empties >= profile.endsAfterEmptyPosts
  return { ...now, session: ended ? now.session : { ...now.session, empties }, say: { kind: 'nothing', ended } }
}

function carryOut(before: Step, move: Move, world: World): Step {
  const now = learn(withVersion(before, move), move)
  const { next } = move
  switch (next.kind) {
    case 'call':
      return call(noteAsked(now, next.progress), next.call, { ...now.session, running: next.progress })
    case 'ask': {
      // What could not be sent any more is not claimed.
      if (now.session.calls >= MAX_CALLS) return { ...now, say: { kind: 'nothing', ended: true } }
      const session = { ...now.session, running: next.progress }
      return { ...now, session, say: { kind: 'ask', question: next.question } }
    }
    case 'done':
      return goOn(forgetAsked({ ...now, session: { ...now.session, running: null } }), world)
    case 'end_session':
      return { ...now, session: { ...now.session, running: null }, say: { kind: 'nothing', ended: true } }
  }
}

/**
 * A device that hangs up on a question of ours, or dies of it, would be asked it first in every session, and nothing
 * behind it would ever be done: what is asked is on the record until it is answered. Calls and Downloads have marks of
 * their own, and a snapshot before a claim has nothing behind it.
 */
function noteAsked(now: Step, progress: Progress): Step {
  const name = now.session.begun.at(-1) ?? null
  if (progress.kind === 'call' || progress.kind === 'upgrade' || now.record.asked === name) return now
  return learn(now, { changes: [{ op: 'put_asked', name }] })
}

function forgetAsked(now: Step): Step {
  const { asked } = now.record
  return asked === null || asked !== now.session.begun.at(-1)
    ? now
    : learn(now, { changes: [{ op: 'put_asked', name: null }] })
}

function call(now: Step, request: Call, session: Session): Step {
  if (session.calls >= MAX_CALLS) return { ...now, say: { kind: 'nothing', ended: true } }
  const id = String(session.calls + 1)
  const { kind } = request
  return {
    ...now,
    session: {
      ...session,
      calls: session.calls + 1,
      outstanding: { id, kind, rpc: rpcNameOf(request), again: REPEATABLE.has(kind) ? request : null, mayWait: true },
      // An operator's Download is a call like any other: what an attempt was offered is what a hint led to.
      offered:
        (request.kind === 'download' || request.kind === 'schedule_download') && session.running?.kind === 'upgrade'
          ? request.commandKey
          : session.offered,
      sentAway: session.sentAway || SENDING_AWAY.has(kind),
    },
    say: { kind: 'call', call: request, id },
  }
}

/** What asks and changes nothing, or changes to the same however often it is said. */
const REPEATABLE: ReadonlySet<Call['kind']> = new Set([
  'get_rpc_methods',
  'get_parameter_names',
  'get_parameter_values',
  'get_parameter_attributes',
  'get_queued_transfers',
  'get_all_queued_transfers',
  'get_options',
  'schedule_inform',
  'cancel_transfer',
])

/** After these a device goes its own way: no firmware on top of them in the same session. */
const SENDING_AWAY: ReadonlySet<Call['kind']> = new Set(['reboot', 'factory_reset', 'download'])

function withVersion(now: Step, { softwareVersion }: Move): Step {
  if (softwareVersion === undefined) return now
  const model = { ...now.session.model, softwareVersion }
  return { ...now, session: { ...now.session, model, unversioned: null } }
}

function learn(now: Step, { facts = [], reports = [], changes = [] }: Omit<Move, 'next'>): Step {
  return {
    ...now,
    record: withChanges(now.record, changes),
    facts: [...now.facts, ...facts],
    reports: [...now.reports, ...reports],
    changes: [...now.changes, ...changes],
  }
}

function withoutCall(now: Step): Step {
  return { ...now, session: { ...now.session, outstanding: null } }
}

function violated(now: Step, reason: Violation): Step {
  return { ...now, session: { ...now.session, broken: true }, say: { kind: 'refuse', reason } }
}

function knowledge({ session, record }: Step, { now, profile, digest, keeping }: World): Knowledge {
  return { now, record, profile, digest, keeping, session, watch: record.watch }
}
