import type { DataOf, EventMessage } from '@sluice/contracts'
import { type Clock, type Log, randomFraction } from '@sluice/runtime'
import { headers } from 'nats'
import { BusError } from './bus-error.ts'
import type { IncomingEvent, Stop } from './bus.ts'
import { handleBatch } from './handle-batch.ts'
import type { Instruments } from './instruments.ts'
import { consumerName, streamName } from './message-subject.ts'
import { readEventHeaders } from './nats-headers.ts'
import type { NatsDelivery } from './nats-delivery.ts'
import type { NatsLink } from './nats-link.ts'
import { createNatsPuller } from './nats-puller.ts'
import { isPartAway } from './part-away.ts'
import { readEvent } from './read-event.ts'
import { ALONE_FROM_DELIVERY, type RetryRule, retryDelayMs } from './retry-rule.ts'

export interface NatsConsumerParts {
  readonly link: NatsLink
  readonly service: string
  readonly namespace: string
  readonly retries: RetryRule
  /** How long to wait for a consumer that the topology job has not made yet. */
  readonly bindMs: number
  readonly clock: Clock
  readonly log: Log
  readonly instruments: Instruments
  /** Told when the consumer ended by itself: its events are handled by nobody here any more. */
  readonly onLost: (error: unknown) => void
}

type Taken<Data> = { readonly delivery: NatsDelivery; readonly event: IncomingEvent<Data> }

/** Binds to the service's durable consumer and works until it is stopped. Throws BusError `topology` where there is none. */
export async function startNatsConsumer<M extends EventMessage>(
  message: M,
  handle: (batch: readonly IncomingEvent<DataOf<M>>[]) => Promise<void>,
  { maxBatch, gatherMs }: { readonly maxBatch: number; readonly gatherMs: number },
  parts: NatsConsumerParts,
): Promise<Stop> {
  const { link, service, namespace, retries, clock, log, instruments, onLost } = parts
  const stream = streamName(message, namespace)
  const name = consumerName(service, message)
  await waitForConsumer(stream, name, parts)
  const puller = createNatsPuller({ stream, name, maxBatch, gatherMs }, { link, clock, log })
  const jetstream = link.connection.jetstream()

  const moveToDeadLetters = async (
    dead: NatsDelivery,
    why: 'unfit' | 'delivered_too_often',
    reason: string,
  ): Promise<void> => {
    const all = headers()
    for (const [key, values] of dead.message.headers ?? []) {
      if (!key.startsWith('Nats-')) for (const value of values) all.append(key, value)
    }
    all.set('sluice-reason', encodeURIComponent(reason.slice(0, 512).toWellFormed()))
    all.set('sluice-consumer', name)
    all.set('sluice-subject', dead.message.subject)
    try {
      const subject = `${namespace}.dlq.${service}.${message.name}`
      await jetstream.publish(subject, dead.message.data, {
        headers: all,
        msgID: `${name}:${dead.streamSeq}`,
        timeout: 5_000,
      })
      dead.acknowledge()
      instruments.deadLettered(message.name, why)
      log.error({ event_name: message.name, event_id: all.get('ce-id'), reason }, 'bus.event.dead_lettered')
    } catch (error) {
      log.error({ err: error, event_name: message.name }, 'bus.dead_letter.failed')
      dead.giveBack(retries.longestMs)
    } finally {
      puller.settled([dead])
    }
  }

  const readBatch = async (batch: readonly NatsDelivery[]): Promise<Taken<DataOf<M>>[]> => {
    const taken: Taken<DataOf<M>>[] = []
    for (const one of batch) {
      const read = readEvent(message, { ...readEventHeaders(one.message.headers), body: one.message.string() })
      if (read.kind === 'unfit') await moveToDeadLetters(one, 'unfit', read.reason)
      else if (one.deliveries > retries.maxDeliveries) {
        // Its handler never came to refuse it: it takes the whole process down each time.
        await moveToDeadLetters(one, 'delivered_too_often', `handed over ${retries.maxDeliveries} times without an end`)
      } else taken.push({ delivery: one, event: read.event })
    }
    return taken
  }

  const tryLater = async (batch: readonly Taken<unknown>[], error: unknown): Promise<void> => {
    const deliveries = batch.map(({ delivery }) => delivery)
    const wait = retryDelayMs(retries, Math.max(...deliveries.map(triesOf)), randomFraction())
    if (isPartAway(error)) puller.postpone(deliveries, wait)
    else await giveBack(deliveries, wait, error)
  }

  const giveBack = async (batch: readonly NatsDelivery[], wait: number, error: unknown): Promise<void> => {
    for (const delivery of batch) {
      const { deliveries } = delivery
      if (deliveries >= retries.maxDeliveries) {
        await moveToDeadLetters(
          delivery,
          'delivered_too_often',
          `handed over ${deliveries} times in vain: ${String(error)}`,
        )
      } else {
        delivery.giveBack(wait)
        puller.settled([delivery])
      }
    }
  }

  const work = async (batch: readonly Taken<DataOf<M>>[]): Promise<void> => {
    try {
      await handleBatch(
        message,
        batch.map(({ event }) => event),
        handle,
        { service, instruments },
      )
      for (const { delivery } of batch) delivery.acknowledge()
      puller.settled(batch.map(({ delivery }) => delivery))
    } catch (error) {
      log.warn({ err: error, event_name: message.name, events: batch.length }, 'bus.batch.failed')
      await tryLater(batch, error)
    }
  }

  const loop = async (): Promise<void> => {
    for (let batch = await puller.next(); batch.length > 0; batch = await puller.next()) {
      for (const company of companies(await readBatch(batch))) await work(company)
    }
  }
  const running = loop().catch((error: unknown) => {
    log.fatal({ err: error, consumer: name }, 'bus.consumer.ended')
    onLost(error)
  })
  const stopWatching = instruments.watchPending(message.name, async () => {
    const consumer = await jetstream.consumers.get(stream, name)
    const { num_pending, num_ack_pending } = await consumer.info()
    return num_pending + num_ack_pending
  })
  return async () => {
    stopWatching()
    await Promise.all([puller.stop(), running])
  }
}

function triesOf({ deliveries, postponed }: NatsDelivery): number {
  return deliveries + postponed
}

/** What was tried several times goes alone, the rest together, in order. */
function companies<Data>(batch: readonly Taken<Data>[]): Taken<Data>[][] {
  const groups: Taken<Data>[][] = []
  let open: Taken<Data>[] | undefined
  for (const taken of batch) {
    const alone = triesOf(taken.delivery) >= ALONE_FROM_DELIVERY
    if (alone || open === undefined) groups.push((open = []))
    open.push(taken)
    if (alone) open = undefined
  }
  return groups
}

async function waitForConsumer(stream: string, name: string, parts: NatsConsumerParts): Promise<void> {
  const { link, bindMs, clock, log } = parts
  const until = clock.now() + bindMs
  for (;;) {
    try {
      const manager = await link.connection.jetstreamManager({ checkAPI: false })
      await manager.consumers.info(stream, name)
      return
    } catch (error) {
      if (clock.now() >= until) {
        throw new BusError('topology', `consumer ${name} of stream ${stream} is not there: run the topology job`, error)
      }
      log.warn({ stream, consumer: name }, 'bus.consumer.awaited')
      await clock.sleep(Math.min(1_000, Math.max(1, until - clock.now())))
    }
  }
}
