import type { CallResult, LateResult } from '@sluice/contracts'
import type { JournalEntry, Queryable } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { addToTallies } from '../store/fleet-tasks.ts'
import type { TaskRow } from '../store/task-row.ts'
import { updateTasks } from '../store/tasks.ts'
import { taskTraceparent } from '../task-trace.ts'
import { placementEvents, withdrawal } from './placements.ts'
import { type TaskFact, faultCodeOf, isOpen, learn, stateOf } from './task-machine.ts'

/** A fact about a task, with what came along. */
export interface Told {
  readonly taskId: string
  readonly actor: string
  readonly fact: TaskFact
  readonly result?: CallResult
  readonly late?: LateResult
  readonly upload?: { readonly bytes: number; readonly sha256: string }
  readonly credentialIssue?: string | undefined
}

export interface Move {
  readonly before: TaskRow
  readonly after: TaskRow
  readonly actor: string
}

/** Tells locked tasks what happened and writes what comes of it: state, counts, journal, withdrawn hints. */
export async function moveTasks(
  parts: Parts,
  tx: Queryable,
  { locked, told, at }: { locked: readonly TaskRow[]; told: readonly Told[]; at: number },
): Promise<Move[]> {
  const byId = Map.groupBy(told, ({ taskId }) => taskId)
  const moves = locked.flatMap((before) => {
    const facts = byId.get(before.taskId) ?? []
    const after = facts.reduce((row, one) => tell(parts, row, one, at), before)
    return after === before ? [] : [{ before, after, actor: facts.at(-1)!.actor }]
  })
  await updateTasks(
    tx,
    moves.map(({ after }) => after),
  )
  await parts.journal.append(tx, journalOf(parts, moves, at))
  await addToTallies(tx, moves.flatMap(talliesOf))
  return moves
}

function tell({ seal }: Parts, row: TaskRow, told: Told, at: number): TaskRow {
  const { fact, result, late, upload } = told
  const { facts, ignored } = learn(row.facts, fact)
  if (ignored !== null) return row
  const state = stateOf(facts)
  const open = isOpen(state)
  return {
    ...row,
    facts,
    state,
    revision: row.revision + 1,
    faultCode: faultCodeOf(facts),
    sealedResult: result === undefined ? row.sealedResult : seal.close(`${row.taskId} result`, result),
    sealedLate: late === undefined ? row.sealedLate : seal.close(`${row.taskId} late`, late),
    uploadBytes: upload?.bytes ?? row.uploadBytes,
    uploadSha256: upload?.sha256 ?? row.uploadSha256,
    wakeAt: state === 'waiting' ? row.wakeAt : null,
    credentialIssue: told.credentialIssue ?? row.credentialIssue,
    confirmAt: state === 'done' && isConfirmedByAnswer(row) ? (row.confirmAt ?? at) : row.confirmAt,
    updatedAt: at,
    dueAt: open ? row.deadline : null,
    endedAt: open ? null : state === row.state ? row.endedAt : at,
  }
}

/**
 * Not what it authenticates with itself: a device may answer, and lose it before it is written for good or apply it after
 * its next reboot. That is confirmed by its first use, as the gateway sees it.
 */
function isConfirmedByAnswer({ credential }: TaskRow): boolean {
  return credential !== null && credential !== 'cwmp'
}

function journalOf(parts: Parts, moves: readonly Move[], at: number): JournalEntry[] {
  const notes = moves.map(({ before, after, actor }): JournalEntry => {
    const { taskId, fleetTaskId, method, faultCode, revision } = after
    return {
      direction: 'note',
      at,
      actor,
      kind: 'task.moved',
      deviceKey: after.deviceKey,
      traceparent: taskTraceparent(taskId),
      data: { taskId, fleetTaskId, method, from: before.state, to: after.state, faultCode, revision },
    }
  })
  const withdrawn = moves
    .filter(({ before, after }) => before.state === 'waiting' && !isOpen(after.state))
    .map(({ after }) => withdrawal(after))
  return [...notes, ...placementEvents(parts, withdrawn, at)]
}

function talliesOf({ before, after }: Move) {
  const { fleetTaskId } = after
  if (fleetTaskId === null || before.state === after.state) return []
  return [
    { fleetTaskId, state: before.state, n: -1 },
    { fleetTaskId, state: after.state, n: 1 },
  ]
}
