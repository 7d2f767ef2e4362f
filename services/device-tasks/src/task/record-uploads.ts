import { retryingTransaction } from '@sluice/sql'
import type { IncomingEvent } from '@sluice/bus'
import { type DataOf, uploadReceived } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { lockTasks } from '../store/tasks.ts'
import { carryOut } from './carry-out.ts'
import { moveTasks } from './move-tasks.ts'

const FILE_SERVER = 'service:file-server'

/** Notes on tasks that their file is whole. Uploads of attempts are somebody else's. */
export async function recordUploads(
  parts: Parts,
  batch: readonly IncomingEvent<DataOf<typeof uploadReceived>>[],
): Promise<void> {
  const ours = batch.filter(({ data }) => data.uploadId.startsWith('tsk_'))
  if (ours.length === 0) return
  const at = parts.clock.now()
  const moves = await retryingTransaction(parts.sql, async (tx) => {
    const fresh = await parts.journal.acceptNew(
      tx,
      ours.map(({ id, data }) => ({ id, at, actor: FILE_SERVER, kind: uploadReceived.name, data })),
    )
    const told = ours
      .filter(({ id }) => fresh.has(id))
      .map(({ data: { uploadId: taskId, bytes, sha256 } }) => ({
        taskId,
        actor: FILE_SERVER,
        fact: { kind: 'uploaded' } as const,
        upload: { bytes, sha256 },
      }))
    const locked = await lockTasks(tx, [...new Set(told.map(({ taskId }) => taskId))])
    return moveTasks(parts, tx, { locked, told, at })
  })
  await carryOut(parts, moves)
}
