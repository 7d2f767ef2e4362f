import { retryingTransaction } from '@sluice/sql'
import { type InputOf, type OutputOf, type Reply, answered, refused, type taskClaim } from '@sluice/contracts'
import { type PreparedCall, prepareCall } from '../call/prepare-call.ts'
import type { StoredCall } from '../call/stored-call.ts'
import type { Parts } from '../parts.ts'
import type { TaskRow } from '../store/task-row.ts'
import { findTasks, lockTasks } from '../store/tasks.ts'
import { taskTraceparent } from '../task-trace.ts'
import { carryOut } from './carry-out.ts'
import { moveTasks } from './move-tasks.ts'

type Claim = InputOf<typeof taskClaim>
type ClaimReply = Reply<OutputOf<typeof taskClaim>>

const GATEWAY = 'service:cwmp-gateway'
/** Of the time a gateway waits for the answer (task.claim). Committed later than that, nobody would send it. */
const LONGEST_PREPARATION_MS = 3_500
const GONE = answered({ kind: 'gone' } as const)

/**
 * Answers gateways that have devices on the line. What a call still needs from others is asked for first, so that a
 * part that is away costs nothing; then all are committed as sent, and only after that `go` is said, once.
 */
export async function claimTasks(parts: Parts, claims: readonly Claim[]): Promise<ClaimReply[]> {
  const startedAt = parts.clock.now()
  const rows = await findTasks(
    parts.sql,
    claims.map(({ taskId }) => taskId),
  )
  const byId = new Map(rows.map((row) => [row.taskId, row]))
  const prepared = await Promise.all(claims.map((claim) => prepare(parts, claim, byId.get(claim.taskId))))
  if (parts.clock.now() - startedAt > LONGEST_PREPARATION_MS) {
    return prepared.map((call) => (call === undefined ? GONE : refused('unavailable', 'it took too long to prepare')))
  }
  const ready = new Map<string, PreparedCall>()
  claims.forEach(({ taskId }, index) => {
    const call = prepared[index]
    // Twice in one batch is claimed once, as the first one has it.
    if (call?.ok && !ready.has(taskId)) ready.set(taskId, call.data)
  })
  const sent = new Map((await commit(parts, ready)).map((row) => [row.taskId, row]))
  return claims.map(({ taskId }, index) => {
    const call = prepared[index]
    if (call === undefined) return GONE
    if (!call.ok) return call
    const row = sent.get(taskId)
    if (row === undefined || !sent.delete(taskId)) return GONE
    const traceparent = taskTraceparent(taskId)
    return answered({ kind: 'go', call: call.data.call, commandKey: row.commandKey ?? taskId, traceparent })
  })
}

/** Undefined: there is nothing to send. */
async function prepare(parts: Parts, claim: Claim, row: TaskRow | undefined): Promise<Reply<PreparedCall> | undefined> {
  if (row?.state !== 'waiting' || row.deviceKey !== claim.deviceKey || row.sealedCall === null) return undefined
  // The sweeper may not have come by yet; whoever asked for it counts on the deadline.
  if (row.deadline <= parts.clock.now()) return undefined
  const stored = openCall(parts, row.taskId, row.sealedCall)
  return stored === null ? refused('unavailable', 'this call cannot be read') : prepareCall(parts, row, stored)
}

/** Null for one that was sealed with another key: it holds up nobody else's claim. */
function openCall({ seal, log }: Parts, taskId: string, sealed: Uint8Array): StoredCall | null {
  try {
    return seal.open<StoredCall>(`${taskId} call`, sealed)
  } catch (error) {
    log.error({ err: error, task_id: taskId }, 'device_tasks.call.unreadable')
    return null
  }
}

async function commit(parts: Parts, ready: ReadonlyMap<string, PreparedCall>): Promise<TaskRow[]> {
  if (ready.size === 0) return []
  const at = parts.clock.now()
  const moves = await retryingTransaction(parts.sql, async (tx) =>
    moveTasks(parts, tx, {
      locked: await lockTasks(tx, [...ready.keys()]),
      told: [...ready].map(([taskId, { issueId }]) => ({
        taskId,
        actor: GATEWAY,
        fact: { kind: 'claimed' },
        credentialIssue: issueId,
      })),
      at,
    }),
  )
  await carryOut(parts, moves)
  return moves.map(({ after }) => after)
}
