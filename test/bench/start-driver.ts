import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Authentication } from './play-session.ts'

export interface DriverOrder {
  readonly port: number
  readonly authentication: Authentication
  readonly connections: number
  /** They take turns. */
  readonly devices: number
  readonly until: { readonly seconds: number } | { readonly sessions: number }
}

export interface DriverResult {
  readonly sessions: number
  /** Without those answered with 401. */
  readonly posts: number
  readonly challenges: number
  readonly seconds: number
  /** Of a session from its first byte sent to its last byte received, in ms. */
  readonly p50: number
  readonly p99: number
  readonly informResponseBytes: number
}

export interface Driver {
  readonly pid: number
  drive(order: DriverOrder): Promise<DriverResult>
  stop(): void
}

export function startDriver(): Driver {
  const child = fork(join(import.meta.dirname, 'driver.main.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  if (child.pid === undefined) throw new Error('the driver cannot be started')
  return {
    pid: child.pid,
    drive: async (order) => {
      child.send(order)
      const [said] = (await Promise.race([once(child, 'message'), endOf()])) as [
        { result?: DriverResult; failed?: string },
      ]
      if (said.result === undefined) throw new Error(`the driver: ${said.failed}`)
      return said.result
    },
    stop: () => void child.kill('SIGKILL'),
  }

  async function endOf(): Promise<never> {
    const [code] = (await once(child, 'exit')) as [number | null]
    throw new Error(`the driver ended (${code})`)
  }
}
