import type { Parts } from '../parts.ts'
import { commandKeyOf } from '../call/command-key.ts'
import { completesLate } from '../call/completes-late.ts'
import { showCall } from '../call/show-call.ts'
import type { StoredCall } from '../call/stored-call.ts'
import type { TaskRow } from '../store/task-row.ts'
import { newTask } from './task-machine.ts'

export interface NewTask {
  readonly device: { readonly deviceKey: string; readonly name: string }
  readonly stored: StoredCall
  readonly actor: string
  readonly at: number
  readonly deadline: number
  /** When a connection request is asked for; null: the device comes by itself. */
  readonly wakeAt: number | null
  readonly fleetTaskId?: string
  readonly idempotencyKey?: string | undefined
}

/** A task that waits for its device. */
export function newTaskRow({ ids, seal }: Pick<Parts, 'ids' | 'seal'>, task: NewTask): TaskRow {
  const taskId = ids.task()
  const { call, credential } = task.stored
  return {
    taskId,
    deviceKey: task.device.deviceKey,
    deviceName: task.device.name,
    fleetTaskId: task.fleetTaskId ?? null,
    method: call.method,
    sealedCall: seal.close(`${taskId} call`, task.stored),
    shownCall: showCall(call),
    commandKey: commandKeyOf(call, taskId),
    state: 'waiting',
    facts: newTask(completesLate(call.method)),
    revision: 0,
    faultCode: null,
    sealedResult: null,
    sealedLate: null,
    uploadBytes: null,
    uploadSha256: null,
    // One of a fleet waits for its turn to be asked for.
    wake: task.wakeAt === null || task.fleetTaskId !== undefined ? 'not_asked' : 'asked',
    wakeAt: task.wakeAt,
    credential: credential?.purpose ?? null,
    credentialIssue: null,
    confirmAt: null,
    createdBy: task.actor,
    idempotencyKey: task.idempotencyKey ?? null,
    createdAt: task.at,
    deadline: task.deadline,
    updatedAt: task.at,
    dueAt: task.deadline,
    endedAt: null,
  }
}
