import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { DistributedSystem } from '../end-to-end/start-distributed.ts'
import type { Part, Strike } from './plan-chaos.ts'

/** What can be done to a server and to a service alike. */
interface Target {
  kill(): Promise<void>
  end(): Promise<void>
  start(): Promise<void>
  pause(): void
  resume(): void
}

/** Resolves once the part is at work again. */
export async function carryOutStrike(system: DistributedSystem, strike: Strike): Promise<void> {
  const target = targetOf(system, strike.part)
  switch (strike.kind) {
    case 'kill':
      await target.kill()
      await sleep(strike.ms)
      return target.start()
    case 'freeze':
      target.pause()
      await sleep(strike.ms)
      return target.resume()
    case 'restart':
      await target.end()
      return target.start()
    case 'forget': {
      const redis = new Redis(system.redis.url)
      await redis.flushall()
      redis.disconnect()
    }
  }
}

function targetOf(system: DistributedSystem, part: Part): Target {
  if (part === 'nats' || part === 'redis' || part === 'postgres') {
    const server = system[part]
    return {
      kill: () => server.kill(),
      end: async () => {},
      start: () => server.restart(),
      pause: () => server.pause(),
      resume: () => server.resume(),
    }
  }
  const service = () => system.services.get(part)!
  return {
    kill: () => service().kill(),
    end: () => service().stop(),
    start: () => system.restart(part),
    pause: () => service().pause(),
    resume: () => service().resume(),
  }
}

/** A service that has lost a part for good ends by itself; as in a cluster, somebody starts it again. `inHand`: who ends by us. */
export function keepServicesAlive(
  system: DistributedSystem,
  inHand: ReadonlySet<string>,
  say: (line: string) => void,
): () => void {
  let isOver = false
  const watch = async (name: string): Promise<void> => {
    while (!isOver) {
      const process = system.services.get(name)!
      const how = await process.ended
      await sleep(1_000)
      if (isOver || inHand.has(name) || system.services.get(name) !== process) continue
      say(`${name} ended by itself (${how}) and is started again`)
      await system.restart(name)
    }
  }
  for (const name of system.services.keys()) {
    void watch(name).catch((error: unknown) => say(`${name} could not be started again: ${String(error)}`))
  }
  return () => void (isOver = true)
}
