import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type StartedProcess, waitUntil } from '@sluice/testbed'

/** In bytes. */
export interface Memory {
  /** By V8 and for its buffers, after a collection. */
  readonly held: number
  readonly resident: number
  /** The most that was resident so far. */
  readonly highest: number
}

const LOOKS = 4
const BETWEEN_MS = 250

/** Of the gateway, whose process has tell-memory.ts: the least of a few looks, since buffers are given back late. */
export async function readMemory(gateway: StartedProcess): Promise<Memory> {
  let held = Number.POSITIVE_INFINITY
  for (let look = 0; look < LOOKS; look += 1) {
    held = Math.min(held, await heldBy(gateway))
    await sleep(BETWEEN_MS)
  }
  const status = readFileSync(`/proc/${gateway.pid}/status`, 'latin1')
  return { held, resident: kilobytes(status, 'VmRSS') * 1_024, highest: kilobytes(status, 'VmHWM') * 1_024 }
}

async function heldBy({ pid, output }: StartedProcess): Promise<number> {
  const told = () =>
    output()
      .match(/.*"event":"mutants\.memory".*/g)
      ?.at(-1)
  const before = told()
  process.kill(pid, 'SIGUSR2')
  await waitUntil(() => (told() ?? before) !== before, { describe: () => 'the gateway does not tell its memory' })
  return (JSON.parse(told()!) as { held: number }).held
}

/** man 5 proc_pid_status. */
function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN)
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}
