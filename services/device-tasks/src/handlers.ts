import { retryingTransaction } from '@sluice/sql'
import { type Stop, serveAudit } from '@sluice/bus'
import {
  type InputOf,
  type OutputOf,
  type Reply,
  type RequestMessage,
  answered,
  deviceWoken,
  fleetTaskCancel,
  fleetTaskCreate,
  fleetTaskGet,
  fleetTaskList,
  taskAuditList,
  taskCancel,
  taskClaim,
  taskCreate,
  taskGet,
  taskList,
  taskPlacements,
  taskReport,
  uploadReceived,
} from '@sluice/contracts'
import { cancelFleetTask } from './fleet/cancel-fleet-task.ts'
import { createFleetTask } from './fleet/create-fleet-task.ts'
import { getFleetTask, readFleetTasks } from './fleet/read-fleet-tasks.ts'
import type { Parts } from './parts.ts'
import { showWoken } from './store/wakes.ts'
import { cancelTask } from './task/cancel-task.ts'
import { claimTasks } from './task/claim-tasks.ts'
import { createTask } from './task/create-task.ts'
import { getTask, listPlacements, readTasks } from './task/read-tasks.ts'
import { recordReports } from './task/record-reports.ts'
import { recordUploads } from './task/record-uploads.ts'

/** The table: which message leads to which use case. */
export function bindHandlers(parts: Parts): Promise<Stop[]> {
  const { bus, clock, log, metrics, settings } = parts
  const serve = <M extends RequestMessage>(message: M, answer: (input: InputOf<M>) => Promise<Reply<OutputOf<M>>>) =>
    bus.serve(message, (batch) => Promise.all(batch.map(({ input }) => answer(input))))
  return Promise.all([
    serve(taskCreate, (input) => createTask(parts, input)),
    serve(taskGet, ({ taskId }) => getTask(parts, taskId)),
    serve(taskList, (input) => readTasks(parts, input)),
    serve(taskCancel, (input) => cancelTask(parts, input)),
    serve(taskPlacements, (input) => listPlacements(parts, input)),
    bus.serve(
      taskReport,
      async (batch) => {
        await recordReports(
          parts,
          batch.flatMap(({ input }) => input.items),
        )
        return batch.map(() => answered({}))
      },
      // A report may be as large as a message: so many of them are held at once.
      { gatherMs: settings.gatherMs, maxBatch: 16 },
    ),
    bus.serve(
      taskClaim,
      async (batch) => {
        const replies = await claimTasks(
          parts,
          batch.map(({ input }) => input),
        )
        for (const reply of replies) metrics.claims.add(1, { answer: reply.ok ? reply.data.kind : reply.error.code })
        return replies
      },
      { gatherMs: settings.gatherMs, maxBatch: 64 },
    ),
    serve(fleetTaskCreate, (input) => createFleetTask(parts, input)),
    serve(fleetTaskGet, ({ fleetTaskId }) => getFleetTask(parts, fleetTaskId)),
    serve(fleetTaskList, (input) => readFleetTasks(parts, input)),
    serve(fleetTaskCancel, (input) => cancelFleetTask(parts, input)),
    serveAudit(bus, taskAuditList, parts),
    bus.consume(uploadReceived, (batch) => recordUploads(parts, batch)),
    bus.listen(deviceWoken, ({ data }) => {
      retryingTransaction(parts.sql, (tx) => showWoken(tx, data.items, clock.now())).catch((error: unknown) =>
        log.warn({ err: error }, 'device_tasks.woken.not_shown'),
      )
    }),
  ])
}
