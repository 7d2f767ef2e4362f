import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { TestbedError } from './testbed-error.ts'

export type GuardedChild = {
  readonly pid: number
  /** Resolves with what ended it: an exit code or a signal's name. */
  readonly ended: Promise<number | string>
  readonly isRunning: () => boolean
  /** What it wrote so far (the last 64 KiB), both streams. */
  readonly output: () => string
  /** Sends a signal to it alone. */
  signal(signal: NodeJS.Signals): void
  /** Sends a signal, waits; after `patienceMs` sends SIGKILL. */
  end(signal?: NodeJS.Signals, patienceMs?: number): Promise<void>
}

export type ChildSettings = {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Record<string, string>
  readonly cwd?: string
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** Removed when this process dies without having stopped the child. */
  readonly removeAfterCrash?: string
}

/**
 * Starts a program that never outlives this process: a tiny shell holds a pipe of ours and, when the pipe closes without a word
 * (we crashed, or were killed with -9), ends the program and removes its folder.
 */
export function spawnGuarded(settings: ChildSettings): GuardedChild {
  const child = spawn(settings.program, settings.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    cwd: settings.cwd ?? '/',
    env: settings.env ?? { PATH: process.env['PATH'] ?? '', LANG: 'C', TZ: 'UTC' },
    ...settings.user,
  })
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code ?? 'unknown'))
    child.once('error', (error) => resolve(error.message))
  })
  const output = collectOutput(child)
  if (child.pid === undefined) throw new TestbedError('server_failed', `${settings.program} cannot be started`)

  const pid = child.pid
  const dismissGuard = setGuard(pid, settings.removeAfterCrash)
  void ended.then(dismissGuard)
  child.unref()

  const isRunning = () => child.exitCode === null && child.signalCode === null
  const signal = (name: NodeJS.Signals) => {
    if (isRunning()) child.kill(name)
  }
  return {
    pid,
    ended,
    isRunning,
    output,
    signal,
    end: async (name = 'SIGTERM', patienceMs = 10_000) => {
      signal(name)
      const impatience = new AbortController()
      const tooLong = sleep(patienceMs, undefined, { signal: impatience.signal }).then(
        () => signal('SIGKILL'),
        () => {},
      )
      await ended
      impatience.abort()
      await tooLong
    },
  }
}

function setGuard(pid: number, folder: string | undefined): () => void {
  // QUIT first: PostgreSQL takes its children along. CONT, because it may have been paused.
  const script =
    'read word && exit 0; kill -CONT "$0"; kill -QUIT "$0"; sleep 0.5; kill -KILL "$0"; [ -z "$1" ] || rm -rf "$1"'
  const guard = spawn('sh', ['-c', script, String(pid), folder ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  })
  guard.unref()
  const pipe = guard.stdin as typeof guard.stdin & { unref?: () => void }
  pipe.unref?.()
  pipe.on('error', () => {})
  return () => pipe.end('dismissed\n')
}

function collectOutput(child: ChildProcess): () => string {
  const limit = 64 * 1024
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    ;(stream as typeof stream & { unref?: () => void }).unref?.()
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      text = (text + chunk).slice(-limit)
    })
  }
  return () => text
}
