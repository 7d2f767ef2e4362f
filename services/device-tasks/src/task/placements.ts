import { type Placement, shardOf, taskPlaced } from '@sluice/contracts'
import type { OutEntry } from '@sluice/sql'
import { OURSELVES, type Parts } from '../parts.ts'
import type { TaskRow } from '../store/task-row.ts'

type Placed = Pick<TaskRow, 'taskId' | 'deviceKey' | 'revision'>

const MOST_IN_ONE_EVENT = 500

export function hint({ taskId, deviceKey, revision }: Placed): Placement {
  return { op: 'put_task', deviceKey, task: { kind: 'call', taskId, revision } }
}

export function withdrawal({ taskId, deviceKey, revision }: Placed): Placement {
  return { op: 'drop_task', deviceKey, taskId, revision }
}

/** Placements as rows of the outbox; a batch travels on the shard of its first device. */
export function placementEvents({ ids }: Pick<Parts, 'ids'>, items: readonly Placement[], at: number): OutEntry[] {
  const events: OutEntry[] = []
  for (let from = 0; from < items.length; from += MOST_IN_ONE_EVENT) {
    const page = items.slice(from, from + MOST_IN_ONE_EVENT)
    events.push({
      direction: 'out',
      id: ids.event(),
      key: shardOf(page[0]!.deviceKey),
      kind: taskPlaced.name,
      at,
      actor: OURSELVES,
      data: { items: page },
    })
  }
  return events
}
