import type { TestProject } from 'vitest/node'
import { fillCompileCache } from './fill-compile-cache.ts'
import { keepReadyEmbedded } from './ready-embedded.ts'
import { startNats } from './servers/nats.ts'
import { keepReadyPostgres, startPostgres } from './servers/postgres.ts'
import { startRedis } from './servers/redis.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    natsUrl: string
    redisUrl: string
    postgresUrl: string
  }
}

/** One server of each kind for the whole run. Tests get their own database, streams and keys on them. */
export default async function startSharedServers(project: TestProject): Promise<() => Promise<void>> {
  const [nats, redis, ...removals] = await Promise.all([
    startNats(),
    startRedis(),
    keepReadyPostgres(),
    keepReadyEmbedded(),
    fillCompileCache(),
  ])
  const postgres = await startPostgres()
  project.provide('natsUrl', nats.url)
  project.provide('redisUrl', redis.url)
  project.provide('postgresUrl', postgres.url)
  return async () => {
    await Promise.all([nats.stop(), redis.stop(), postgres.stop()])
    for (const remove of removals) remove()
  }
}
