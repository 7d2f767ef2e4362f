import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, openConnection } from './connection.ts'
import { cpeOf } from './cpe.ts'
import type { DriverOrder, DriverResult } from './start-driver.ts'
import { createPlayer } from './play-session.ts'

/** The CPE, all of them, in a process of their own: orders and results travel over IPC. */
process.on('message', (order: DriverOrder) => {
  drive(order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ failed: error instanceof Error ? error.message : String(error) }),
  )
})

/** As many sessions at once as was ordered, each begun when the one before it has ended. */
async function drive({
  port,
  authentication,
  connections,
  pooled,
  devices,
  rate,
  until,
}: DriverOrder): Promise<DriverResult> {
  const latencies: number[] = []
  const started = performance.now()
  const deadline = 'seconds' in until ? started + until.seconds * 1_000 : Number.POSITIVE_INFINITY
  const most = 'sessions' in until ? until.sessions : Number.POSITIVE_INFINITY
  let begun = 0

  const players = await Promise.all(Array.from({ length: connections }, runConnection))

  const seconds = (performance.now() - started) / 1_000
  latencies.sort((a, b) => a - b)
  const sum = (of: (player: (typeof players)[number]) => number) => players.reduce((total, one) => total + of(one), 0)
  return {
    sessions: latencies.length,
    posts: sum(({ posts }) => posts),
    challenges: sum(({ challenges }) => challenges),
    seconds,
    p50: latencies[Math.floor(latencies.length * 0.5)] ?? 0,
    p99: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    informResponseBytes: players[0]?.informResponseBytes ?? 0,
  }

  async function runConnection() {
    const player = createPlayer(authentication)
    let connection: Connection | undefined = await openConnection(port)
    try {
      await player.prepare(connection, cpeOf(0))
      while (begun < most && performance.now() < deadline) {
        const cpe = cpeOf(begun % devices)
        const due = rate === undefined ? 0 : started + (begun * 1_000) / rate - performance.now()
        begun += 1
        if (due > 0) await sleep(due)
        const at = performance.now()
        connection ??= await openConnection(port)
        await player.play(connection, cpe)
        latencies.push(performance.now() - at)
        if (pooled) continue
        connection.close()
        connection = undefined
      }
    } finally {
      connection?.close()
    }
    return player
  }
}
