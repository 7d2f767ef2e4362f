import { fork } from 'node:child_process'
import { join } from 'node:path'

export interface FetchOrder {
  readonly port: number
  /** One transfer each. */
  readonly paths: readonly string[]
  /** Transfers under way at once. */
  readonly connections: number
  /** Less than that, and the head, is no answer. */
  readonly bytesEach: number
  readonly range?: string
}

export interface FetchResult {
  /** Of images, without heads. */
  readonly bytes: number
  readonly seconds: number
}

export interface Fetcher {
  readonly pid: number
  fetch(order: FetchOrder): Promise<FetchResult>
  stop(): void
}

/** The cheap client: what it uses is counted as nobody's. */
export function startFetcher(): Fetcher {
  const child = fork(join(import.meta.dirname, 'fetch.main.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const { pid } = child
  if (pid === undefined) throw new Error('the client cannot be started')
  let answered: (said: Said) => void = () => {}
  child.on('message', (said: Said) => answered(said))
  child.on('exit', (code, signal) => answered({ failed: `it ended (${signal ?? code})` }))
  return {
    pid,
    fetch: async (order) => {
      const said = await new Promise<Said>((resolve) => {
        answered = resolve
        child.send(order)
      })
      if ('failed' in said) throw new Error(`the client: ${said.failed}`)
      return said.result
    },
    stop: () => void child.kill('SIGKILL'),
  }
}

type Said = { readonly result: FetchResult } | { readonly failed: string }
