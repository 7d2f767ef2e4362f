import type { Bus } from '@sluice/bus'
import { type OutputOf, placementList, type Reply, taskPlacements } from '@sluice/contracts'
import type { HotStore, Restored } from '@sluice/hot-store'
import { type Clock, type Log, randomToken } from '@sluice/runtime'

export interface Restore {
  isRestored(): boolean
  stop(): Promise<void>
}

export interface RestoreParts {
  readonly bus: Bus
  readonly hotStore: HotStore
  readonly clock: Clock
  readonly log: Log
}

const LOOK_EVERY_MS = 250
/** How soon the hints of calls are looked for again, here or where another gateway pages them. */
const CALLS_AGAIN_MS = 5_000
/** Longer than one page may take: when the gateway that restores dies, another one takes over after this. */
const LOCK_MS = 15_000
const PAGE = 500

/**
 * Looks whether the hot store still remembers. When it does not, or its server is another process than the one that
 * was restored, or has dropped keys to make room since, one gateway pages in again what was placed; until then no device
 * is admitted, since a hint or watch nobody knows of would be missed. A lost connection ends what was known at once.
 *
 * Operators' calls are paged in likewise, under a mark and a lock of their own in the store, so that another gateway goes
 * on with it when the one that began is gone. No device waits for them: a hint that is missed costs a call one session.
 *
 * A server that forgets without going away (FLUSHALL, an eviction) is noticed at the next look, and before that by each
 * Inform of a device of which nothing is remembered. What is left: an eviction that took a watch and not what its device
 * had reported.
 */
export async function startRestore({ bus, hotStore, clock, log }: RestoreParts): Promise<Restore> {
  const owner = randomToken(12)
  /** The connection on which the store was seen restored. */
  let restoredOn: number | null = null
  let looking: Promise<void> | undefined
  /** The connection on which the calls were seen restored. */
  let callsOn: number | null = null
  /** When they were looked for last. */
  let callsAt = Number.NEGATIVE_INFINITY
  /** The look for them that is under way. */
  let calls: Promise<void> | undefined
  let stopping = false
  const lookOnce = () => (looking ??= look().finally(() => (looking = undefined)))
  await lookOnce()
  const cancel = clock.every(LOOK_EVERY_MS, () => void lookOnce())
  return {
    isRestored: () => restoredOn === hotStore.connection(),
    stop: async () => {
      stopping = true
      cancel()
      await Promise.all([looking, calls])
    },
  }

  async function look(): Promise<void> {
    const connection = hotStore.connection()
    try {
      let restored = await hotStore.isRestored('placements')
      if (!restored) forget()
      if (!restored && (await lock('placements')) !== 'refused') restored = await restore()
      restoredOn = restored ? connection : null
      if (restored && callsOn !== connection && Math.abs(clock.now() - callsAt) >= CALLS_AGAIN_MS) {
        calls ??= lookForCalls(connection).finally(() => (calls = undefined))
      }
    } catch (error) {
      restoredOn = null
      log.warn({ err: error }, 'hot_store.restore.failed')
    }
  }

  function forget(): void {
    if (restoredOn !== null) log.warn({}, 'hot_store.forgot')
    restoredOn = callsOn = null
    callsAt = Number.NEGATIVE_INFINITY
  }

  /** False: the next look begins anew. */
  async function restore(): Promise<boolean> {
    // Lost the lock: the store forgot once more, and our first pages with it.
    const placed = await pageIn(placementList, 'placements')
    if (placed === null || !(await hotStore.markRestored('placements', owner))) return false
    log.info({ placed }, 'hot_store.restored')
    return true
  }

  /** Those of others are looked for again, too: they may not come to their end. */
  async function lookForCalls(connection: number): Promise<void> {
    callsAt = clock.now()
    try {
      const restored = (await hotStore.isRestored('calls')) || (await restoreCalls())
      if (restored) callsOn = connection
    } catch (error) {
      log.warn({ err: error }, 'hot_store.calls.failed')
    }
  }

  async function restoreCalls(): Promise<boolean> {
    if ((await lock('calls')) === 'refused') return false
    const placed = await pageIn(taskPlacements, 'calls')
    if (placed === null || !(await hotStore.markRestored('calls', owner))) return false
    log.info({ placed }, 'hot_store.calls.restored')
    return true
  }

  /** How many were placed; null where nobody answered, or it may not go on. */
  async function pageIn(from: typeof placementList | typeof taskPlacements, what: Restored): Promise<number | null> {
    let cursor: string | null = null
    let placed = 0
    do {
      const input: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor === null ? {} : { cursor }) }
      const reply: Reply<OutputOf<typeof placementList>> = await bus.request(from, input)
      if (!reply.ok) {
        log.warn({ code: reply.error.code, asked: from.name }, 'hot_store.restore.unanswered')
        return null
      }
      await hotStore.place(reply.data.items)
      if (stopping || (await lock(what)) !== 'kept') return null
      placed += reply.data.items.length
      cursor = reply.data.next
    } while (cursor !== null)
    return placed
  }

  function lock(what: Restored): Promise<'taken' | 'kept' | 'refused'> {
    return hotStore.tryRestoreLock(what, owner, LOCK_MS)
  }
}
