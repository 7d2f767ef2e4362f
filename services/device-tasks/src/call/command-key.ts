import type { DeviceCall } from '@sluice/contracts'

const KEYED: ReadonlySet<string> = new Set<DeviceCall['method']>([
  'Reboot',
  'Download',
  'ScheduleDownload',
  'Upload',
  'ScheduleInform',
  'ChangeDUState',
])

/** The CommandKey of a call that has one: its own, else the task's id. CancelTransfer names another one's. */
export function commandKeyOf(call: DeviceCall, taskId: string): string | null {
  if ('commandKey' in call && call.commandKey !== undefined) return call.commandKey
  return KEYED.has(call.method) ? taskId : null
}
