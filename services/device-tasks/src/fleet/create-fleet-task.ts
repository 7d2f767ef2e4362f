import { retryingTransaction } from '@sluice/sql'
import { type FleetTask, type InputOf, type Reply, type fleetTaskCreate, refused } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { insertFleetTask } from '../store/fleet-tasks.ts'
import { getFleetTask } from './read-fleet-tasks.ts'
import { refusalOfAction, showAction } from './show-action.ts'

/** Stores what is to be done with which devices; its tasks are written page by page afterwards. */
export async function createFleetTask(
  parts: Parts,
  { draft, actor }: InputOf<typeof fleetTaskCreate>,
): Promise<Reply<FleetTask>> {
  const refusal = refusalOfAction(draft.action)
  if (refusal !== undefined) return refused(refusal.code, refusal.detail)
  const fleetTaskId = parts.ids.fleetTask()
  const at = parts.clock.now()
  const { filter, action, when, deadlineMs = parts.settings.deadlineMs } = draft
  const deadline = at + deadlineMs
  await retryingTransaction(parts.sql, async (tx) => {
    await insertFleetTask(tx, {
      fleetTaskId,
      state: 'planning',
      filter,
      sealedAction: parts.seal.close(`${fleetTaskId} action`, action),
      shownAction: showAction(action),
      wakes: when === 'now',
      deadline,
      planCursor: null,
      nextWakeAt: at,
      cancelledBy: null,
      createdBy: actor,
      createdAt: at,
    })
    const method = action.kind === 'call' ? action.call.method : undefined
    const data = { fleetTaskId, action: action.kind, method, deadline, now: when === 'now' }
    await parts.journal.append(tx, [{ direction: 'note', at, actor, kind: 'fleet_task.created', data }])
  })
  parts.wakeChores()
  return getFleetTask(parts, fleetTaskId)
}
