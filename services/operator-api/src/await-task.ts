import type { Bus, Stop } from '@sluice/bus'
import { type DeviceTask, type DeviceTaskState, type Reply, answered, taskChanged, taskGet } from '@sluice/contracts'
import type { Clock } from '@sluice/runtime'

const OVER: readonly DeviceTaskState[] = ['done', 'faulted', 'lost', 'timed_out', 'cancelled']
/** Live events may be lost: whoever waits looks for itself now and then. */
const LOOK_MS = 2_000

/** The task once it has ended, or as it is when the wait is over. */
export type AwaitTask = (task: DeviceTask, waitMs: number) => Promise<Reply<DeviceTask>>

/** Synchronous calls on top of asynchronous tasks: hears live that one has ended, then reads its result. */
export async function createTaskWaits(bus: Bus, clock: Clock): Promise<{ awaitTask: AwaitTask; stop: Stop }> {
  const waiting = new Map<string, Set<() => void>>()
  const stop = await bus.listen(taskChanged, ({ data }) => {
    for (const { taskId, state } of data.items) {
      if (OVER.includes(state)) waiting.get(taskId)?.forEach((wake) => wake())
    }
  })
  return {
    stop,
    awaitTask: async (task, waitMs) => {
      const until = clock.now() + waitMs
      let last = task
      while (!OVER.includes(last.state) && clock.now() < until) {
        await changeOf(task.taskId, Math.min(LOOK_MS, until - clock.now()))
        const found = await bus.request(taskGet, { taskId: task.taskId })
        if (!found.ok) return found
        last = found.data
      }
      return answered(last)
    },
  }

  function changeOf(taskId: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wakes = waiting.get(taskId) ?? new Set()
      const wake = () => {
        cancel()
        wakes.delete(wake)
        if (wakes.size === 0) waiting.delete(taskId)
        resolve()
      }
      const cancel = clock.after(ms, wake)
      wakes.add(wake)
      waiting.set(taskId, wakes)
    })
  }
}
