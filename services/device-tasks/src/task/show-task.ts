import { type CallResult, type DeviceTask, type LateResult, traceIdOf } from '@sluice/contracts'
import { type Parts, toTime } from '../parts.ts'
import type { TaskRow } from '../store/task-row.ts'
import { taskTraceparent } from '../task-trace.ts'

/** A task as it is answered to who asks. */
export function showTask(parts: Pick<Parts, 'seal' | 'log'>, row: TaskRow): DeviceTask {
  const { taskId, sealedResult, sealedLate, uploadBytes, uploadSha256 } = row
  return {
    taskId,
    deviceKey: row.deviceKey,
    deviceName: row.deviceName,
    fleetTaskId: row.fleetTaskId,
    call: row.shownCall,
    commandKey: row.commandKey,
    state: row.state,
    result: sealedResult && openOrTell<CallResult>(parts, `${taskId} result`, sealedResult),
    late: sealedLate && openOrTell<LateResult>(parts, `${taskId} late`, sealedLate),
    upload: uploadBytes === null || uploadSha256 === null ? null : { bytes: uploadBytes, sha256: uploadSha256 },
    wake: row.wake,
    createdBy: row.createdBy,
    createdAt: toTime(row.createdAt),
    deadline: toTime(row.deadline),
    updatedAt: toTime(row.updatedAt),
    traceId: traceIdOf(taskTraceparent(taskId)),
  }
}

/** What was sealed with another key is missing from its own task, and hides no other. */
function openOrTell<T>({ seal, log }: Pick<Parts, 'seal' | 'log'>, owner: string, sealed: Uint8Array): T | null {
  try {
    return seal.open<T>(owner, sealed)
  } catch (error) {
    log.error({ err: error, sealed: owner }, 'device_tasks.task.unreadable')
    return null
  }
}
