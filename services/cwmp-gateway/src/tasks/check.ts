import type { Answer, Knowledge, Move, Progress } from './task.ts'

type CheckProgress = Extract<Progress, { kind: 'check' }>

const ATTEMPT_ID = /^fw[0-9A-HJKMNP-TV-Z]{26}$/

/** Asks which transfers the device holds (TR-069 A.4.1.7), to settle an attempt that is in doubt. */
export function beginCheck(progress: CheckProgress, { session }: Knowledge): Move {
  // GetAllQueuedTransfers came with 1.1; a CPE of 1.0 must not be asked (TR-069 3.7.2.1), and some hang up when it is.
  if (session.cwmpVersion === '1.0') return settled(progress, { kind: 'queued_transfers_unsupported' })
  return { next: { kind: 'call', call: { kind: 'get_all_queued_transfers' }, progress } }
}

export function continueCheck(progress: CheckProgress, answer: Answer): Move {
  if (answer.kind !== 'response' || answer.message.kind !== 'get_all_queued_transfers_response') {
    return settled(progress, { kind: 'queued_transfers_unsupported' })
  }
  const attemptIds = answer.message.transfers.map(({ commandKey }) => commandKey).filter((key) => ATTEMPT_ID.test(key))
  return settled(progress, {
    kind: 'queued_transfers_listed',
    askedFor: progress.attemptId,
    attemptIds: attemptIds.slice(0, 64),
  })
}

function settled({ attemptId, revision }: CheckProgress, fact: NonNullable<Move['facts']>[number]): Move {
  return {
    next: { kind: 'done' },
    facts: [fact],
    changes: [{ op: 'drop_task', taskId: attemptId, kind: 'check', revision }],
  }
}
