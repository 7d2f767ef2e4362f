import { type Answer, faultOf, type Knowledge, type Move, type Progress } from './task.ts'

type CancelProgress = Extract<Progress, { kind: 'cancel' }>

const METHOD_NOT_SUPPORTED = 9000

/** CancelTransfer of one attempt (TR-069 A.4.1.9). It succeeds for keys the device does not know, too. */
export function beginCancel(progress: CancelProgress, { session }: Knowledge): Move {
  if (session.cwmpVersion !== '1.2') return settled(progress, METHOD_NOT_SUPPORTED)
  return { next: { kind: 'call', call: { kind: 'cancel_transfer', commandKey: progress.attemptId }, progress } }
}

export function continueCancel(progress: CancelProgress, answer: Answer): Move {
  const isAnswer = answer.kind === 'response' && answer.message.kind === 'cancel_transfer_response'
  // A CPE that passes over the request does not know the method.
  return settled(progress, isAnswer ? 0 : faultOf(answer) || METHOD_NOT_SUPPORTED)
}

function settled({ attemptId, revision }: CancelProgress, faultCode: number): Move {
  return {
    next: { kind: 'done' },
    facts: [{ kind: 'cancel_answered', attemptId, faultCode }],
    changes: [{ op: 'drop_task', taskId: attemptId, kind: 'cancel', revision }],
  }
}
