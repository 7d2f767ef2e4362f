import { hash } from 'node:crypto'
import { systemClock } from '@sluice/runtime'
import type { Redis } from 'ioredis'

export interface Script {
  readonly lua: string
  readonly sha: string
}

export function scriptOf(lua: string): Script {
  return { lua, sha: hash('sha1', lua) }
}

export type RunScript = (
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>

/** A CPE waits for its answer much longer on its own line; Redis and we wake up once for all that is asked meanwhile. */
const GATHER_MS = 2

/**
 * Runs scripts on one connection: by their digests, and by their text where a server does not know them. What is asked
 * within two milliseconds is written at once.
 */
export function createScriptRunner(redis: Redis): RunScript {
  let known = new Set<Script>()
  redis.on('close', () => (known = new Set()))
  let corked = false

  return (script, keys, args) => {
    gatherWrites()
    if (!known.has(script)) return byText(script, keys, args)
    return redis.evalsha(script.sha, keys.length, ...keys, ...args).catch((error: unknown) => {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return byText(script, keys, args)
    })
  }

  function byText(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    known.add(script)
    return redis.eval(script.lua, keys.length, ...keys, ...args)
  }

  function gatherWrites(): void {
    // There is none before the first connection.
    const stream = redis.stream as Redis['stream'] | undefined
    if (corked || stream === undefined) return
    corked = true
    stream.cork()
    // By real time, whatever clock the store goes by: it is the socket that waits.
    systemClock.after(GATHER_MS, () => {
      corked = false
      stream.uncork()
    })
  }
}
