import { readFileSync, writeFileSync } from 'node:fs'

/** The kernel keeps the highest resident size: man 5 proc_pid_status, VmHWM. In bytes. */
export function peakOf(pid: number): number {
  return read(pid, 'VmHWM')
}

/** As it is now, in bytes. */
export function residentOf(pid: number): number {
  return read(pid, 'VmRSS')
}

/** From now on the highest is told: proc_pid_clear_refs, 5. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function read(pid: number, name: string): number {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  if (kilobytes === undefined) throw new Error(`the memory of process ${pid} cannot be read`)
  return Number(kilobytes) * 1_024
}
