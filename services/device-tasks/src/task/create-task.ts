import { isDeepStrictEqual } from 'node:util'
import {
  type DeviceTask,
  type InputOf,
  type Reply,
  answered,
  deviceGet,
  refused,
  type taskCreate,
} from '@sluice/contracts'
import { type NoteEntry, type Queryable, retryingTransaction } from '@sluice/sql'
import { refusalOf } from '../call/check-call.ts'
import { showCall } from '../call/show-call.ts'
import type { Parts } from '../parts.ts'
import type { TaskRow } from '../store/task-row.ts'
import { countOpen, findByIdempotencyKey, holdDevice, insertTasks } from '../store/tasks.ts'
import { taskTraceparent } from '../task-trace.ts'
import { announceTasks } from './carry-out.ts'
import { newTaskRow } from './new-task-row.ts'
import { hint, placementEvents } from './placements.ts'
import { showTask } from './show-task.ts'

/** The hint is to be with the gateways before the device is woken: it would come for nothing. */
const HINT_MS = 250

type Created =
  | { kind: 'new'; row: TaskRow }
  | { kind: 'known'; row: TaskRow }
  | { kind: 'other_call' }
  | { kind: 'too_many' }

/** Stores a call for one device and hints at it; `now` asks for a connection request once that is committed. */
export async function createTask(parts: Parts, input: InputOf<typeof taskCreate>): Promise<Reply<DeviceTask>> {
  const refusal = refusalOf(input.draft.call)
  if (refusal !== undefined) return refused(refusal.code, refusal.detail)
  const device = await parts.bus.request(deviceGet, { device: input.device })
  if (!device.ok) return device

  const { maxOpenPerDevice } = parts.settings
  const created = await retryingTransaction(parts.sql, (tx) => store(parts, tx, device.data, input))
  if (created.kind === 'other_call') return refused('conflict', 'this idempotency key was given with another call')
  if (created.kind === 'too_many') {
    return refused('conflict', `${maxOpenPerDevice} tasks of this device have not ended yet`)
  }
  if (created.kind === 'new') {
    parts.wakeRelay()
    parts.clock.after(HINT_MS, parts.wakeChores)
    parts.metrics.tasksCreated.add(1, { method: created.row.method })
    announceTasks(parts, [created.row])
  }
  return answered(showTask(parts, created.row))
}

async function store(
  parts: Parts,
  tx: Queryable,
  device: { readonly deviceKey: string; readonly name: string },
  { draft, actor }: InputOf<typeof taskCreate>,
): Promise<Created> {
  const { deviceKey } = device
  const { call, idempotencyKey, when, deadlineMs = parts.settings.deadlineMs } = draft
  await holdDevice(tx, deviceKey)
  if (idempotencyKey !== undefined) {
    const known = await findByIdempotencyKey(tx, { deviceKey, actor, key: idempotencyKey })
    if (known !== undefined) {
      // Values are not compared: they are forgotten when a task ends.
      return isDeepStrictEqual(known.shownCall, showCall(call)) ? { kind: 'known', row: known } : { kind: 'other_call' }
    }
  }
  const open = (await countOpen(tx, [deviceKey])).get(deviceKey) ?? 0
  if (open >= parts.settings.maxOpenPerDevice) return { kind: 'too_many' }

  const at = parts.clock.now()
  const wakeAt = when === 'now' ? at + HINT_MS : null
  const deadline = at + deadlineMs
  const row = newTaskRow(parts, { device, stored: { call }, actor, at, deadline, wakeAt, idempotencyKey })
  await insertTasks(tx, [row])
  await parts.journal.append(tx, [noteOf(row), ...placementEvents(parts, [hint(row)], at)])
  return { kind: 'new', row }
}

/** Who asked for what, and nothing of its content. */
function noteOf({ taskId, deviceKey, method, createdBy: actor, createdAt: at, deadline, wakeAt }: TaskRow): NoteEntry {
  return {
    direction: 'note',
    at,
    actor,
    kind: 'task.created',
    deviceKey,
    traceparent: taskTraceparent(taskId),
    data: { taskId, method, deadline, now: wakeAt !== null },
  }
}
