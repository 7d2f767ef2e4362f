import { AsyncLocalStorage } from 'node:async_hooks'
import { type Clock, systemClock } from './clock.ts'
import { RuntimeError } from './runtime-error.ts'

export interface BatcherSettings<Item, Result> {
  readonly maxItems: number
  /** How long the first item of a batch waits for company. 0: not at all, so that only those gather who come while a batch runs. */
  readonly waitMs: number
  /** One result per item, in order. An Error as a result rejects that item alone; a throw rejects them all. */
  readonly run: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>
  /** Items waiting or under way beyond which `add` refuses; 10,000 unless told. */
  readonly maxPending?: number
  /** Batches under way at once; 1 unless told, so that batches finish in order. */
  readonly maxRunning?: number
  readonly clock?: Clock
}

export interface Batcher<Item, Result> {
  /** Rejects with RuntimeError `overloaded` or `stopped`, or with what `run` said of this item. */
  add(item: Item): Promise<Result>
  pending(): number
  /** Takes no more, runs what waits, resolves when all of it has ended. */
  stop(): Promise<void>
}

/** Gathers single calls into batches: group commit. While a batch runs, the next one fills. */
export function createBatcher<Item, Result>(settings: BatcherSettings<Item, Result>): Batcher<Item, Result> {
  const { maxItems, waitMs, run, maxPending = 10_000, maxRunning = 1, clock = systemClock } = settings
  type Waiting = {
    readonly item: Item
    readonly resolve: (result: Result) => void
    readonly reject: (error: unknown) => void
  }
  let waiting: Waiting[] = []
  let ripe = false
  let cancelWait: (() => void) | undefined
  let underWay = 0
  let running = 0
  let stopped = false
  let whenIdle: (() => void) | undefined

  // A batch belongs to nobody: its trace and its transaction are not those of whoever came first. The one exception
  // is a batch that starts at once inside `add`, which is that caller's own.
  const asNobody = AsyncLocalStorage.snapshot()

  const pump = (): void => {
    if (waitMs === 0) ripe = true
    while (running < maxRunning && waiting.length > 0 && (ripe || stopped || waiting.length >= maxItems)) {
      const batch = waiting.slice(0, maxItems)
      waiting = waiting.slice(maxItems)
      if (waiting.length === 0) {
        ripe = false
        cancelWait?.()
        cancelWait = undefined
      }
      void runBatch(batch)
    }
    if (waiting.length > 0 && !ripe && cancelWait === undefined) {
      cancelWait = clock.after(waitMs, () => {
        cancelWait = undefined
        ripe = true
        asNobody(pump)
      })
    }
    if (waiting.length === 0 && running === 0) whenIdle?.()
  }

  const runBatch = async (batch: Waiting[]): Promise<void> => {
    running += 1
    underWay += batch.length
    try {
      const results = await run(batch.map(({ item }) => item))
      if (results.length !== batch.length)
        throw new Error(`a batch of ${batch.length} came back with ${results.length} results`)
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index] as Result | Error
        if (result instanceof Error) reject(result)
        else resolve(result)
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      running -= 1
      underWay -= batch.length
      asNobody(pump)
    }
  }

  return {
    add(item) {
      if (stopped) return Promise.reject(new RuntimeError('stopped', 'the batcher was stopped'))
      if (waiting.length + underWay >= maxPending) {
        return Promise.reject(new RuntimeError('overloaded', `${maxPending} items are pending already`))
      }
      return new Promise<Result>((resolve, reject) => {
        waiting.push({ item, resolve, reject })
        pump()
      })
    },
    pending: () => waiting.length + underWay,
    stop() {
      stopped = true
      return new Promise((resolve) => {
        whenIdle = resolve
        pump()
      })
    },
  }
}
