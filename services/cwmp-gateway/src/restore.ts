import type { Bus } from '@sluice/bus'
import { placementList } from '@sluice/contracts'
import type { HotStore } from '@sluice/hot-store'
import type { Clock, Log } from '@sluice/runtime'

export interface Restore {
  isRestored(): boolean
  stop(): Promise<void>
}

export interface RestoreParts {
  readonly bus: Bus
  readonly hotStore: HotStore
  readonly clock: Clock
  readonly log: Log
  /** How long one gateway may take to page everything in. */
  readonly lockMs?: number
}

const LOOK_EVERY_MS = 1_000
const PAGE = 500

/**
 * Looks every second whether the hot store still remembers. When it does not, one gateway pages in again what was
 * placed; until then no device is admitted, since a hint or watch nobody knows of would be missed.
 */
export async function startRestore({ bus, hotStore, clock, log, lockMs = 30_000 }: RestoreParts): Promise<Restore> {
  let restored = false
  let looking: Promise<void> | undefined
  const lookOnce = () => (looking ??= look().finally(() => (looking = undefined)))
  await lookOnce()
  const cancel = clock.every(LOOK_EVERY_MS, () => void lookOnce())
  return {
    isRestored: () => restored,
    stop: async () => {
      cancel()
      await looking
    },
  }

  async function look(): Promise<void> {
    try {
      restored = await hotStore.isRestored()
      if (!restored && (await hotStore.tryRestoreLock(lockMs))) await restore()
    } catch (error) {
      restored = false
      log.warn({ err: error }, 'hot_store.restore.failed')
    }
  }

  async function restore(): Promise<void> {
    const startedAt = clock.now()
    let cursor: string | null = null
    let placed = 0
    do {
      const input: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor === null ? {} : { cursor }) }
      const reply = await bus.request(placementList, input)
      if (!reply.ok) {
        log.warn({ code: reply.error.code }, 'hot_store.restore.unanswered')
        return
      }
      await hotStore.place(reply.data.items)
      placed += reply.data.items.length
      cursor = reply.data.next
      // Whoever takes the lock after us starts from the beginning.
      if (clock.now() - startedAt > lockMs) return
    } while (cursor !== null)
    await hotStore.markRestored()
    restored = true
    log.info({ placed }, 'hot_store.restored')
  }
}
