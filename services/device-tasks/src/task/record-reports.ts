import { retryingTransaction } from '@sluice/sql'
import type { CallResult, InputOf, LateResult, taskReport } from '@sluice/contracts'
import { answerOf, completionOf } from '../call/completes-late.ts'
import type { Parts } from '../parts.ts'
import type { TaskRow } from '../store/task-row.ts'
import { lockTasks } from '../store/tasks.ts'
import { carryOut } from './carry-out.ts'
import { type Told, moveTasks } from './move-tasks.ts'

type Report = InputOf<typeof taskReport>['items'][number]

/** With both of them a task still fits into one message of the bus. */
const MOST_BYTES_OF_A_RESULT = 500_000
const MOST_BYTES_OF_A_LATE_RESULT = 100_000

/** Records what devices answered. A report about a task of another device is none. */
export async function recordReports(parts: Parts, items: readonly Report[]): Promise<void> {
  const at = parts.clock.now()
  const moves = await retryingTransaction(parts.sql, async (tx) => {
    const locked = await lockTasks(tx, [...new Set(items.map(({ taskId }) => taskId))])
    const byId = new Map(locked.map((row) => [row.taskId, row]))
    const told = items.flatMap((item) => toldBy(item, byId.get(item.taskId)))
    return moveTasks(parts, tx, { locked, told, at })
  })
  await carryOut(parts, moves)
}

function toldBy(item: Report, row: TaskRow | undefined): Told[] {
  if (row === undefined || row.deviceKey !== item.deviceKey) return []
  const { taskId, deviceKey } = item
  const about = { taskId, actor: `device:${deviceKey}` }
  if (item.kind === 'answered') {
    const fact = { kind: 'answered', answer: answerOf(row.method, item.result) } as const
    return [{ ...about, fact, result: bounded(item.result) }]
  }
  const completion = completionOf(row.method, item.late)
  return completion === undefined
    ? []
    : [{ ...about, fact: { kind: 'completed', ...completion }, late: boundedLate(item.late) }]
}

/** What is left out is said to be. */
function bounded(result: CallResult): CallResult {
  const bytes = sizeOf(result)
  if (bytes <= MOST_BYTES_OF_A_RESULT) return result
  return { kind: 'response', response: { leftOut: 'too_large', bytes } }
}

function boundedLate(late: LateResult): LateResult {
  const bytes = sizeOf(late)
  if (late.kind === 'transfer_complete' || bytes <= MOST_BYTES_OF_A_LATE_RESULT) return late
  return { ...late, results: [{ leftOut: 'too_large', bytes }] }
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
