import type { Bus } from '@sluice/bus'
import { placementList } from '@sluice/contracts'
import type { HotStore } from '@sluice/hot-store'
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
/** Longer than one page may take: when the gateway that restores dies, another one takes over after this. */
const LOCK_MS = 15_000
const PAGE = 500

/**
 * Looks whether the hot store still remembers. When it does not, or its server is another process than the one that
 * was restored, one gateway pages in again what was placed; until then no device is admitted, since a hint or watch
 * nobody knows of would be missed. A lost connection ends what was known at once.
 *
 * What is left: a server that forgets without going away (FLUSHALL) is noticed at the next look. An Inform of that
 * quarter of a second may be acknowledged without its watch: the registry has it, the scheduler has not.
 */
export async function startRestore({ bus, hotStore, clock, log }: RestoreParts): Promise<Restore> {
  const owner = randomToken(12)
  /** The connection on which the store was seen restored. */
  let restoredOn: number | null = null
  let looking: Promise<void> | undefined
  const lookOnce = () => (looking ??= look().finally(() => (looking = undefined)))
  await lookOnce()
  const cancel = clock.every(LOOK_EVERY_MS, () => void lookOnce())
  return {
    isRestored: () => restoredOn === hotStore.connection(),
    stop: async () => {
      cancel()
      await looking
    },
  }

  async function look(): Promise<void> {
    const connection = hotStore.connection()
    try {
      let restored = await hotStore.isRestored()
      if (!restored) restoredOn = null
      if (!restored && (await lock()) !== 'refused') restored = await restore()
      restoredOn = restored ? connection : null
    } catch (error) {
      restoredOn = null
      log.warn({ err: error }, 'hot_store.restore.failed')
    }
  }

  /** False: the next look begins anew. */
  async function restore(): Promise<boolean> {
    let cursor: string | null = null
    let placed = 0
    do {
      const input: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor === null ? {} : { cursor }) }
      const reply = await bus.request(placementList, input)
      if (!reply.ok) {
        log.warn({ code: reply.error.code }, 'hot_store.restore.unanswered')
        return false
      }
      await hotStore.place(reply.data.items)
      // Lost the lock: the store forgot once more, and our first pages with it.
      if ((await lock()) !== 'kept') return false
      placed += reply.data.items.length
      cursor = reply.data.next
    } while (cursor !== null)
    if (!(await hotStore.markRestored(owner))) return false
    log.info({ placed }, 'hot_store.restored')
    return true
  }

  function lock(): Promise<'taken' | 'kept' | 'refused'> {
    return hotStore.tryRestoreLock(owner, LOCK_MS)
  }
}
