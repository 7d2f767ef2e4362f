import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawnGuarded } from './guarded-child.ts'
import { TestbedError } from './testbed-error.ts'

export type ProcessSettings = {
  /** From the root of the repository: `services/x/src/main.ts`. */
  readonly entry: string
  readonly args?: readonly string[]
  /** All of its environment but PATH, HOME, TMPDIR and NODE_COMPILE_CACHE. */
  readonly env?: Record<string, string>
  /** A URL that answers 200 when it is ready (`http://127.0.0.1:9464/readyz`), or a question of your own. */
  readonly readyWhen?: string | ((output: string) => boolean | Promise<boolean>)
  /** 60,000 unless told. */
  readonly deadlineMs?: number
}

export type StartedProcess = {
  readonly pid: number
  /** Its exit code or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** SIGKILL unless told; waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** SIGTERM, and SIGKILL after 15 s. */
  stop(): Promise<void>
  pause(): void
  resume(): void
  output(): string
}

const root = resolve(import.meta.dirname, '../../..')

/** Runs a TypeScript entry with this Node in a process of its own; it never outlives us. Throws with its output when it dies before it is ready. */
export async function startProcess(settings: ProcessSettings): Promise<StartedProcess> {
  const { PATH = '', HOME = '', TMPDIR = '/tmp', NODE_COMPILE_CACHE = '' } = process.env
  const child = spawnGuarded({
    program: process.execPath,
    args: [resolve(root, settings.entry), ...(settings.args ?? [])],
    cwd: root,
    env: { PATH, HOME, TMPDIR, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }), ...settings.env },
  })
  const deadlineMs = settings.deadlineMs ?? 60_000
  const deadline = performance.now() + deadlineMs
  while (!(await isReady(settings.readyWhen, child.output))) {
    const tooLate = performance.now() > deadline
    if (child.isRunning() && !tooLate) {
      await sleep(50)
      continue
    }
    const state = child.isRunning() ? `was not ready within ${deadlineMs} ms` : `ended (${await child.ended})`
    await child.end('SIGKILL')
    throw new TestbedError('process_failed', `${settings.entry} ${state}; its output:\n${child.output().slice(-8000)}`)
  }
  return {
    pid: child.pid,
    ended: child.ended,
    kill: (signal = 'SIGKILL') => child.end(signal),
    stop: async () => {
      child.signal('SIGCONT')
      await child.end('SIGTERM', 15_000)
    },
    pause: () => child.signal('SIGSTOP'),
    resume: () => child.signal('SIGCONT'),
    output: child.output,
  }
}

async function isReady(readyWhen: ProcessSettings['readyWhen'], output: () => string): Promise<boolean> {
  if (readyWhen === undefined) return true
  if (typeof readyWhen !== 'string') return readyWhen(output())
  try {
    const answer = await fetch(readyWhen, { signal: AbortSignal.timeout(2_000) })
    await answer.body?.cancel()
    return answer.status === 200
  } catch {
    return false
  }
}
