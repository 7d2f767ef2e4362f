import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import { spawnGuarded, type GuardedChild } from '../guarded-child.ts'
import { TestbedError } from '../testbed-error.ts'
import { processFamily } from './process-family.ts'

/** A real server of this test's own: its port and its data folder stay the same over restarts. */
export interface TestServer {
  readonly url: string
  readonly port: number
  readonly directory: string
  output(): string
  /** Ends the process and waits for it; the data stays. SIGKILL unless told. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again (after a graceful end, if it still runs) and waits until it answers. */
  restart(): Promise<void>
  /** SIGSTOP: connections stay open and nobody answers. */
  pause(): void
  resume(): void
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

export type ServerKind = {
  readonly name: string
  readonly program: string
  readonly args: (port: number, directory: string) => string[]
  readonly url: (port: number) => string
  /** Throws or answers false while the server is not ready. */
  readonly isReady: (port: number) => Promise<boolean>
  readonly prepare?: (directory: string) => void
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  readonly gracefulSignal: NodeJS.Signals
  readonly quickSignal: NodeJS.Signals
}

const startDeadlineMs = 30_000

export async function startServer(kind: ServerKind): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), `sluice-${kind.name}-`))
  if (kind.user) chownSync(directory, kind.user.uid, kind.user.gid)
  const removeData = () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 })

  try {
    kind.prepare?.(directory)
    const { port, child } = await startOnFreePort(kind, directory)
    return controls(kind, port, directory, child, removeData)
  } catch (error) {
    removeData()
    throw error
  }
}

async function startOnFreePort(kind: ServerKind, directory: string): Promise<{ port: number; child: GuardedChild }> {
  for (let tries = 1; ; tries++) {
    const port = await freePort()
    try {
      return { port, child: await launch(kind, port, directory) }
    } catch (error) {
      if (tries === 3) throw error
    }
  }
}

async function launch(kind: ServerKind, port: number, directory: string): Promise<GuardedChild> {
  const child = spawnGuarded({
    program: kind.program,
    args: kind.args(port, directory),
    user: kind.user,
    removeAfterCrash: directory,
  })
  const deadline = performance.now() + startDeadlineMs
  while (child.isRunning() && performance.now() < deadline) {
    if (await kind.isReady(port).catch(() => false)) return child
    await sleep(15)
  }
  const state = child.isRunning()
    ? `did not answer within ${startDeadlineMs} ms`
    : `ended at once (${await child.ended})`
  await child.end('SIGKILL')
  throw new TestbedError('server_failed', `${kind.name} ${state}: ${child.output().slice(-2000)}`)
}

function controls(
  kind: ServerKind,
  port: number,
  directory: string,
  first: GuardedChild,
  removeData: () => void,
): TestServer {
  let child = first
  const signalFamily = (signal: NodeJS.Signals) => {
    for (const pid of processFamily(child.pid)) sendSignal(pid, signal)
  }
  const end = async (signal: NodeJS.Signals) => {
    if (!child.isRunning()) return
    signalFamily('SIGCONT')
    // PostgreSQL's children outlive a killed parent for a moment, and go on answering.
    if (signal === 'SIGKILL') signalFamily(signal)
    await child.end(signal)
  }
  return {
    url: kind.url(port),
    port,
    directory,
    output: () => child.output(),
    kill: (signal = 'SIGKILL') => end(signal),
    restart: async () => {
      await end(kind.gracefulSignal)
      child = await launchAgain(kind, port, directory)
    },
    pause: () => signalFamily('SIGSTOP'),
    resume: () => signalFamily('SIGCONT'),
    stop: async () => {
      await end(kind.quickSignal)
      removeData()
    },
  }
}

/** After a kill -9 the old server's children may hold the port or the data for a moment more. */
async function launchAgain(kind: ServerKind, port: number, directory: string): Promise<GuardedChild> {
  for (let tries = 1; ; tries++) {
    try {
      return await launch(kind, port, directory)
    } catch (error) {
      if (tries === 10) throw error
      await sleep(200)
    }
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself since it was listed.
  }
}
