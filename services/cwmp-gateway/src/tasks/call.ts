import type { CallResult } from '@sluice/contracts'
import type { AcsRequest } from '@sluice/cwmp'
import type { RecordChange } from '@sluice/hot-store'
import { argumentSetFor } from './argument-set.ts'
import { askValues, beginValues, takeValues, type ValuesReading } from './read-values.ts'
import { requestOf } from './request-of.ts'
import type { Answer, CallClaim, CallTask, Knowledge, Move, Progress } from './task.ts'
import { whyNotSent } from './why-not-sent.ts'

type CallProgress = Extract<Progress, { kind: 'call' }>

/** A result travels in one message of at most a megabyte. */
const MAX_RESULT_BYTES = 700_000

/** A hint of an operator's call: claim it, send it, and report what became of it before anything else is said. */
export function beginCall(task: CallTask, { session }: Knowledge): Move {
  const { deviceKey, sessionId } = session
  return {
    next: {
      kind: 'ask',
      question: { kind: 'call_claim', input: { taskId: task.taskId, deviceKey, sessionId } },
      progress: { kind: 'call', task, stage: { kind: 'claiming' } },
    },
  }
}

export function continueCall({ task, stage }: CallProgress, answer: Answer, known: Knowledge): Move {
  switch (stage.kind) {
    case 'claiming':
      // The hint stays where nobody answered: the next session asks again.
      return answer.kind === 'call_claimed' ? carryOut(task, answer.answer, known) : { next: { kind: 'done' } }
    case 'calling':
      return settled(task, resultOf(answer))
    case 'reading':
      return readOn(task, stage.reading, answer)
  }
}

function carryOut(task: CallTask, claim: CallClaim, known: Knowledge): Move {
  if (claim.kind === 'gone') return { next: { kind: 'done' }, changes: [dropHint(task)] }
  const request = requestOf(claim.call, claim.commandKey, argumentSetFor(known))
  const reason = whyNotSent(request, known)
  if (reason !== null) return { ...settled(task, { kind: 'not_sent', reason }), changes: [dropHint(task)] }
  // What was sent must be reported, also when this session dies with it.
  const changes = [{ op: 'put_call', call: { taskId: task.taskId, answered: false } }] as const
  if (request.kind === 'get_parameter_values') {
    const reading = beginValues(request.names, known.profile.namesPerRead)
    return { ...call(task, askValues(reading) ?? request, { kind: 'reading', reading }), changes }
  }
  return { ...call(task, request, { kind: 'calling' }), changes }
}

function readOn(task: CallTask, before: ValuesReading, answer: Answer): Move {
  const reading = takeValues(before, answer)
  if (reading === null) return settled(task, resultOf(answer))
  const { parameters, faults } = reading
  const response = { parameters, ...(faults.length === 0 ? {} : { faults }) }
  const next = askValues(reading)
  if (next === null) return settled(task, bounded({ kind: 'response', response }))
  const soFar = bounded({ kind: 'response', response })
  return soFar.kind === 'fault' ? settled(task, soFar) : call(task, next, { kind: 'reading', reading })
}

function call(task: CallTask, request: AcsRequest, stage: CallProgress['stage']): Move {
  return { next: { kind: 'call', call: request, progress: { kind: 'call', task, stage } } }
}

function settled(task: CallTask, result: CallResult): Move {
  const { taskId } = task
  return {
    next: { kind: 'done' },
    reports: [{ kind: 'answered', taskId, result }],
    changes: [{ op: 'put_call', call: { taskId, answered: true } }, dropHint(task)],
  }
}

function dropHint({ taskId, revision }: CallTask): RecordChange {
  return { op: 'drop_task', taskId, kind: 'call', revision }
}

function resultOf(answer: Answer): CallResult {
  if (answer.kind === 'response') {
    const { kind: _, ...response } = answer.message
    return bounded({ kind: 'response', response })
  }
  if (answer.kind !== 'fault') return { kind: 'unanswered' }
  const { code, text, parameters } = answer
  const faulted = parameters.slice(0, 256).map(({ name, code, text }) => ({
    name: name.slice(0, 256),
    code,
    text: text.slice(0, 256),
  }))
  return { kind: 'fault', fault: { code, text, ...(faulted.length === 0 ? {} : { parameters: faulted }) } }
}

function bounded(result: CallResult): CallResult {
  const bytes = Buffer.byteLength(JSON.stringify(result))
  if (bytes <= MAX_RESULT_BYTES) return result
  // Our own fault, resources exceeded: the device did answer.
  return {
    kind: 'fault',
    fault: { code: 8004, text: `the answer has more than ${MAX_RESULT_BYTES} bytes: ask for less` },
  }
}
