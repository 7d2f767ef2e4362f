import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connectNats } from '@sluice/bus'
import { deviceInformed } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { Redis } from 'ioredis'
import type { Driver } from './start-driver.ts'
import type { Stand } from './start-stand.ts'

/** What idle sessions cost beside time: true of every machine. */
export interface Costs {
  readonly sessions: number
  /** Without those answered with 401. */
  readonly posts: number
  readonly challenges: number
  readonly redisScripts: number
  /** Stored events with informs in them, and the informs. */
  readonly events: number
  readonly informs: number
  /** TCP connections of the gateway to PostgreSQL; without any there is no SQL. */
  readonly sqlConnections: number
}

/** Sessions that begin with a 401, of devices the gateway has met before. */
export async function countCosts(
  stand: Stand,
  driver: Driver,
  order: {
    readonly devices: number
    readonly connections: number
    readonly pooled: boolean
    readonly sessions: number
  },
): Promise<Costs> {
  const { devices, connections, pooled, sessions } = order
  const log = createLog({ service: 'bench', level: 'silent' })
  const bus = await connectNats({ servers: stand.natsUrl, service: 'bench', clock: systemClock, log })
  const redis = new Redis(stand.redisUrl)
  try {
    const heard = { events: 0, informs: 0 }
    const stopListening = await bus.listen(deviceInformed, ({ data }) => {
      heard.events += 1
      heard.informs += data.items.length
    })
    const scripts = await watchScripts(redis)
    const driven = await driver.drive({
      port: stand.digest.port,
      authentication: 'challenged',
      connections,
      pooled,
      devices,
      until: { sessions },
    })
    // The server answered the gateway after it had sent us the event: what is still missing is on its way.
    await stopListening()
    scripts.stop()
    const sqlConnections = connectionsTo(stand.digest.pid, stand.postgresPort)
    return {
      ...heard,
      sessions: driven.sessions,
      posts: driven.posts,
      challenges: driven.challenges,
      redisScripts: scripts.count(),
      sqlConnections,
    }
  } finally {
    redis.disconnect()
    await bus.close()
  }
}

/** One sentence for each promise that does not hold. */
export function brokenPromises({ sessions, posts, redisScripts, events, informs, sqlConnections }: Costs): string[] {
  return [
    ...(redisScripts === posts ? [] : [`${redisScripts} Redis scripts were run for ${posts} POSTs, one each was due`]),
    ...(informs === sessions ? [] : [`${informs} informs were published for ${sessions} sessions`]),
    ...(events < sessions ? [] : [`${events} events were published for ${sessions} sessions: nothing was grouped`]),
    ...(sqlConnections === 0 ? [] : [`the gateway has ${sqlConnections} connections to PostgreSQL`]),
  ]
}

/**
 * Counts the scripts that sessions run. Gateways also look every 250 ms whether the store was restored, session or
 * no session: the key tells those apart.
 */
async function watchScripts(redis: Redis): Promise<{ count(): number; stop(): void }> {
  const monitor = await redis.monitor()
  let scripts = 0
  monitor.on('monitor', (_time: string, [command = '', , , key = '']: string[]) => {
    if (/^eval(sha)?$/i.test(command) && !key.includes('{restore}')) scripts += 1
  })
  return { count: () => scripts, stop: () => monitor.disconnect() }
}

/** By the sockets it holds: /proc/net/tcp has their other ends, ports in hexadecimal (man 5 proc_pid_net). */
export function connectionsTo(pid: number, port: number): number {
  const held = new Set<string>()
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${descriptor}`))?.[1]
    if (inode !== undefined) held.add(inode)
  }
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = ['tcp', 'tcp6'].flatMap((file) =>
    readFileSync(`/proc/${pid}/net/${file}`, 'latin1').split('\n').slice(1),
  )
  return lines.filter((line) => {
    const [, , remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/)
    return remote.endsWith(wanted) && held.has(inode)
  }).length
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
