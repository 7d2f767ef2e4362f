import { answered, type DeviceCall, type Placement } from '@sluice/contracts'
import type { CallReply } from './other-services.ts'

export const taskId = (n: number) => 'tsk_' + String(n).padStart(26, '0')

export const callHint = (deviceKey: string, n = 1, revision = 1): Placement => ({
  op: 'put_task',
  deviceKey,
  task: { kind: 'call', taskId: taskId(n), revision },
})

export const goCall = (call: DeviceCall, commandKey = taskId(1)): CallReply =>
  answered({ kind: 'go', call, commandKey, traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01` })

/** Commits each call once, as device-tasks does. */
export function committingCalls(calls: Readonly<Record<string, DeviceCall>>): (taskId: string) => CallReply {
  const committed = new Set<string>()
  return (id) => {
    const call = calls[id]
    if (call === undefined || committed.has(id)) return answered({ kind: 'gone' })
    committed.add(id)
    return goCall(call, id)
  }
}
