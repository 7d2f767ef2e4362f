import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { Authentication } from './play-session.ts'

export interface DriverOrder {
  readonly port: number
  readonly authentication: Authentication
  /** Sessions under way at once. */
  readonly connections: number
  /** Connections stay open from session to session, as behind a proxy that pools them; without, each session opens its own. */
  readonly pooled: boolean
  /** They take turns. */
  readonly devices: number
  /** Sessions begun a second; without, each connection begins the next one at once. */
  readonly rate?: number
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
  const { pid } = child
  if (pid === undefined) throw new Error('the driver cannot be started')
  let answered: (said: Said) => void = () => {}
  child.on('message', (said: Said) => answered(said))
  child.on('exit', (code, signal) => answered({ failed: `it ended (${signal ?? code})` }))
  return {
    pid,
    drive: async (order) => {
      const said = await new Promise<Said>((resolve) => {
        answered = resolve
        child.send(order)
      })
      if ('failed' in said) throw new Error(`the driver: ${said.failed}`)
      return said.result
    },
    stop: () => void child.kill('SIGKILL'),
  }
}

type Said = { readonly result: DriverResult } | { readonly failed: string }
