import { retryingTransaction } from '@sluice/sql'
import { deviceWake } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { leaseWakes, wakeIsAsked, wakeLater } from '../store/wakes.ts'

/** A replica that dies after it took a wake leaves it to the others after this time. */
const LEASE_MS = 30_000
const AGAIN_MS = 2_000
const AT_ONCE = 32

/** Asks the waker for the connection requests that are due; whether there are more. */
export async function wakeDevices(parts: Parts): Promise<boolean> {
  const now = parts.clock.now()
  const until = now + LEASE_MS
  const leased = await leaseWakes(parts.sql, { now, until, limit: AT_ONCE })
  const replies = await Promise.all(
    [...new Set(leased.map(({ deviceKey }) => deviceKey))].map(async (deviceKey) => {
      const reply = await parts.bus.request(deviceWake, { deviceKey })
      return { deviceKey, isQueued: reply.ok && reply.data.kind === 'queued' }
    }),
  )
  const queued = new Set(replies.filter(({ isQueued }) => isQueued).map(({ deviceKey }) => deviceKey))
  const [asked, refused] = [true, false].map((was) =>
    leased.filter(({ deviceKey }) => queued.has(deviceKey) === was).map(({ taskId }) => taskId),
  ) as [string[], string[]]
  const then = parts.clock.now()
  await retryingTransaction(parts.sql, (tx) => wakeIsAsked(tx, { taskIds: asked, until, now: then }))
  await retryingTransaction(parts.sql, (tx) => wakeLater(tx, { taskIds: refused, until, at: then + AGAIN_MS }))
  return leased.length === AT_ONCE && refused.length === 0
}
