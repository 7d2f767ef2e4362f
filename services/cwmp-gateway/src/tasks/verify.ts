import type { Watch } from '@sluice/contracts'
import { askNext, beginReading, type Reading, snapshotOf, takeAnswer } from './read-snapshot.ts'
import type { Answer, Knowledge, Move, Progress } from './task.ts'

type VerifyProgress = Extract<Progress, { kind: 'verify' }>

/** Whether this device is watched and has just reported a version its attempt aims at. */
export function isAtTarget(watch: Watch | null, softwareVersion: string | null): watch is Watch {
  return watch?.mode === 'open' && softwareVersion !== null && watch.targetVersions.includes(softwareVersion)
}

/** On the target version: what became of settings and sentinels, the model's check list, and a contact at the end of the soak. */
export function beginVerify(watch: Watch, known: Knowledge): Move {
  return readOrPlant(watch.attemptId, beginReading(known, { checks: true }), known)
}

export function continueVerify({ attemptId, stage }: VerifyProgress, answer: Answer, known: Knowledge): Move {
  // A fault in answer to ScheduleInform is no harm: the next periodic Inform serves.
  if (stage.kind === 'planting') return { next: { kind: 'done' } }
  return readOrPlant(attemptId, takeAnswer(stage.reading, answer, known), known)
}

function readOrPlant(attemptId: string, reading: Reading, known: Knowledge): Move {
  const call = askNext(reading)
  if (call !== null) {
    return {
      next: { kind: 'call', call, progress: { kind: 'verify', attemptId, stage: { kind: 'reading', reading } } },
    }
  }
  const { checks } = reading
  const facts: NonNullable<Move['facts']> = [
    { kind: 'snapshot_read', ...snapshotOf(reading, known.profile) },
    ...(checks === null ? [] : [{ kind: 'checks_read', attemptId, checks: { ...checks } } as const]),
  ]
  const delaySeconds = known.watch?.plantInformSeconds ?? null
  if (delaySeconds === null || known.record.planted === attemptId) return { next: { kind: 'done' }, facts }
  return {
    next: {
      kind: 'call',
      call: { kind: 'schedule_inform', delaySeconds, commandKey: attemptId },
      progress: { kind: 'verify', attemptId, stage: { kind: 'planting' } },
    },
    facts,
    changes: [{ op: 'put_planted', attemptId }],
  }
}
