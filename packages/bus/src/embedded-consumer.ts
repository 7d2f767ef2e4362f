import type { DataOf, EventMessage } from '@sluice/contracts'
import { type Clock, type Log, randomFraction } from '@sluice/runtime'
import type { IncomingEvent, Stop } from './bus.ts'
import type { Delivery, EmbeddedEvents } from './embedded-events.ts'
import { handleBatch } from './handle-batch.ts'
import type { Instruments } from './instruments.ts'
import { isPartAway } from './part-away.ts'
import { readEvent } from './read-event.ts'
import { ALONE_FROM_DELIVERY, type RetryRule, retryDelayMs } from './retry-rule.ts'

/** What the consumers of one (service, event) in this process share. */
export interface ConsumerDesk {
  readonly underWay: Set<number>
  /** Rings when something may have become due. */
  wake(): void
  /** Resolves at the next ring. */
  rung(): Promise<void>
  /** One at a time: two workers never take the same delivery. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
}

export function createConsumerDesk(): ConsumerDesk {
  let bell = Promise.withResolvers<void>()
  let last: Promise<unknown> = Promise.resolve()
  return {
    underWay: new Set(),
    wake() {
      bell.resolve()
      bell = Promise.withResolvers()
    },
    rung: () => bell.promise,
    exclusively(work) {
      const mine = last.then(work, work)
      last = mine.catch(() => {})
      return mine
    },
  }
}

export interface EmbeddedConsumerParts {
  readonly service: string
  readonly events: EmbeddedEvents
  readonly desk: ConsumerDesk
  readonly retries: RetryRule
  readonly clock: Clock
  readonly log: Log
  readonly instruments: Instruments
}

type Taken<Data> = { readonly delivery: Delivery; readonly event: IncomingEvent<Data> }

/** How long a consumer rests after the database itself failed it. */
const DATABASE_REST_MS = 500

/** A worker that takes what is due, hands it over, and acknowledges or postpones; until it is stopped. */
export function startEmbeddedConsumer<M extends EventMessage>(
  message: M,
  handle: (batch: readonly IncomingEvent<DataOf<M>>[]) => Promise<void>,
  maxBatch: number,
  parts: EmbeddedConsumerParts,
): Stop {
  const { service, events, desk, retries, clock, log, instruments } = parts
  const { name } = message
  let stopped = false

  const take = (): Promise<Taken<DataOf<M>>[]> =>
    desk.exclusively(async () => {
      const due = await events.due(service, name, clock.now(), [...desk.underWay], maxBatch)
      const batch = withoutSuspects(due)
      const taken: Taken<DataOf<M>>[] = []
      for (const delivery of batch) {
        const read = readEvent(message, delivery)
        if (read.kind === 'fits') taken.push({ delivery, event: read.event })
        else await bury(delivery, 'unfit', read.reason)
      }
      for (const { delivery } of taken) desk.underWay.add(delivery.seq)
      // Something was due, even if all of it was buried: look again before resting.
      if (taken.length === 0 && batch.length > 0) desk.wake()
      return taken
    })

  const bury = async (delivery: Delivery, why: 'unfit' | 'delivered_too_often', reason: string): Promise<void> => {
    await events.bury(service, name, delivery.seq, reason, clock.now())
    instruments.deadLettered(name, why)
    log.error({ event_name: name, event_id: delivery.id, reason }, 'bus.event.dead_lettered')
  }

  const postpone = async (batch: readonly Taken<unknown>[], error: unknown): Promise<void> => {
    const counts = !isPartAway(error)
    const isTired = ({ delivery }: Taken<unknown>): boolean => counts && delivery.failures + 1 >= retries.maxDeliveries
    const tired = batch.filter(isTired)
    const others = batch.filter((one) => !isTired(one))
    for (const { delivery } of tired) {
      await bury(
        delivery,
        'delivered_too_often',
        `handed over ${delivery.failures + 1} times in vain: ${String(error)}`,
      )
    }
    if (others.length === 0) return
    // One wait for the whole batch keeps its order.
    const most = Math.max(...others.map(({ delivery }) => delivery.tries)) + 1
    const dueAt = clock.now() + retryDelayMs(retries, most, randomFraction())
    await events.postpone(
      service,
      name,
      others.map(({ delivery }) => delivery.seq),
      dueAt,
      counts,
    )
  }

  const work = async (batch: readonly Taken<DataOf<M>>[]): Promise<void> => {
    try {
      await handleBatch(
        message,
        batch.map(({ event }) => event),
        handle,
        parts,
      )
      await events.acknowledge(
        service,
        name,
        batch.map(({ delivery }) => delivery.seq),
      )
    } catch (error) {
      log.warn({ err: error, event_name: name, events: batch.length }, 'bus.batch.failed')
      await postpone(batch, error)
    } finally {
      for (const { delivery } of batch) desk.underWay.delete(delivery.seq)
    }
  }

  const rest = async (rung: Promise<void>): Promise<void> => {
    const dueAt = await events.nextDueAt(service, name, [...desk.underWay])
    const cancel = dueAt === undefined ? () => {} : clock.after(Math.max(1, dueAt - clock.now()), () => desk.wake())
    await rung
    cancel()
  }

  const loop = async (): Promise<void> => {
    while (!stopped) {
      // Taken before looking, so that nothing published meanwhile is slept over.
      const rung = desk.rung()
      try {
        const batch = await take()
        if (batch.length > 0) await work(batch)
        else if (!stopped) await rest(rung)
      } catch (error) {
        if (stopped) return
        log.error({ err: error, event_name: name }, 'bus.consumer.failed')
        const cancel = clock.after(DATABASE_REST_MS, () => desk.wake())
        await rung
        cancel()
      }
    }
  }
  const running = loop()
  const stopWatching = instruments.watchPending(name, () => events.pending(service, name))
  return async () => {
    stopped = true
    stopWatching()
    desk.wake()
    await running
  }
}

/** What failed several times goes alone; what stands before it goes first. */
function withoutSuspects(due: readonly Delivery[]): readonly Delivery[] {
  const suspect = due.findIndex(({ tries }) => tries + 1 >= ALONE_FROM_DELIVERY)
  if (suspect === -1) return due
  return suspect === 0 ? due.slice(0, 1) : due.slice(0, suspect)
}
