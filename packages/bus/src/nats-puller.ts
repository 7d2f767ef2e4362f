import { type Cancel, type Clock, type Log, withDeadline } from '@sluice/runtime'
import { type Msg, createInbox, nanos } from 'nats'
import { type NatsDelivery, readDelivery } from './nats-delivery.ts'
import type { NatsLink } from './nats-link.ts'
import { ACK_WAIT_MS } from './topology.ts'

const PULL_MS = 30_000
const HEARTBEAT_MS = 5_000
const REST_MS = 1_000
const FAREWELL_MS = 2_000
/** With so many in our hands we ask for no more: well below what the consumer lets wait for an answer. */
const MAX_HELD = 1_024

/**
 * Takes messages from one durable consumer, in batches. The client's own iterator prefetches without regard to
 * what is under way, and still yields what it holds after a stop; this one asks for as much as one batch, and only
 * once the last one was taken.
 */
export interface NatsPuller {
  /** The next batch; empty once stopped. Every message is kept alive until it was settled. */
  next(): Promise<NatsDelivery[]>
  /** No longer kept alive. Call it with what was acknowledged or refused. */
  settled(messages: readonly NatsDelivery[]): void
  /** Keeps them alive here and hands them out again after that time: unlike with a refusal, the server counts no delivery. */
  postpone(messages: readonly NatsDelivery[], ms: number): void
  /** Asks for no more and gives back what nobody took, and what was on its way here already. */
  stop(): Promise<void>
}

export function createNatsPuller(
  consumer: {
    readonly stream: string
    readonly name: string
    readonly maxBatch: number
    /** How long the first message of a batch waits for company. */
    readonly gatherMs: number
  },
  parts: { readonly link: NatsLink; readonly clock: Clock; readonly log: Log },
): NatsPuller {
  const { link, clock, log } = parts
  const { connection } = link
  const inbox = createInbox(link.inboxPrefix)
  const held = new Set<NatsDelivery>()
  /** Those of them that wait for another try, by their place in the stream. */
  const postponed = new Map<number, NatsDelivery>()
  const alarms = new Set<Cancel>()
  let buffer: NatsDelivery[] = []
  let outstanding = 0
  let lastHeard = clock.now()
  let stopped = false
  let changed = Promise.withResolvers<void>()

  const ring = (): void => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const pull = (): void => {
    if (stopped || outstanding > 0 || buffer.length > 0 || held.size >= MAX_HELD || !link.isUp()) return
    outstanding = consumer.maxBatch
    lastHeard = clock.now()
    const ask = { batch: consumer.maxBatch, expires: nanos(PULL_MS), idle_heartbeat: nanos(HEARTBEAT_MS) }
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${consumer.stream}.${consumer.name}`, JSON.stringify(ask), {
      reply: inbox,
    })
  }
  const pullAnew = (): void => {
    outstanding = 0
    pull()
  }
  const hear = (error: Error | null, message: Msg): void => {
    if (error !== null) return log.error({ err: error, consumer: consumer.name }, 'bus.consumer.refused')
    lastHeard = clock.now()
    if (message.subject === inbox) return hearStatus(message)
    const delivered = readDelivery(message)
    if (delivered === undefined) return
    if (stopped) return delivered.giveBack()
    outstanding = Math.max(0, outstanding - 1)
    // While NATS was away we could not keep it alive: this delivery takes the place of the one that waits here.
    const older = postponed.get(delivered.streamSeq)
    if (older !== undefined) forget(older)
    held.add(delivered)
    buffer.push(delivered)
    ring()
  }
  /** 100 is a heartbeat, 404 and 408 the ordinary end of a pull; the rest means that the consumer is not as it should be. */
  const hearStatus = (message: Msg): void => {
    const code = message.headers?.code ?? 0
    if (code === 100) return
    outstanding = 0
    if (code === 404 || code === 408) return pull()
    const description = message.headers?.description
    log.error({ consumer: consumer.name, code, description }, 'bus.consumer.pull_refused')
    clock.after(REST_MS, pull)
  }

  const subscription = connection.subscribe(inbox, { callback: hear })
  const stopHearing = link.onReconnect(pullAnew)
  const cancelWatch = clock.every(HEARTBEAT_MS, () => {
    if (outstanding > 0 && clock.now() - lastHeard > 3 * HEARTBEAT_MS) pullAnew()
    else pull()
  })
  const cancelWorking = clock.every(ACK_WAIT_MS / 4, () => {
    if (link.isUp()) for (const message of held) message.working()
  })
  pull()

  return {
    async next() {
      while (!stopped && buffer.length === 0) {
        pull()
        await changed.promise
      }
      await gather()
      const batch = buffer.splice(0, consumer.maxBatch)
      pull()
      return stopped ? giveBack(batch) : batch
    },
    settled(messages) {
      for (const message of messages) held.delete(message)
      if (stopped && held.size === 0) cancelWorking()
    },
    postpone(messages, ms) {
      if (stopped) {
        giveBack(messages)
        if (held.size === 0) cancelWorking()
        return
      }
      for (const message of messages) {
        message.postponed += 1
        postponed.set(message.streamSeq, message)
      }
      const cancel = clock.after(ms, () => {
        alarms.delete(cancel)
        const due = messages.filter((message) => postponed.get(message.streamSeq) === message)
        for (const { streamSeq } of due) postponed.delete(streamSeq)
        buffer.unshift(...due)
        ring()
      })
      alarms.add(cancel)
    },
    async stop() {
      if (stopped) return
      stopped = true
      stopHearing()
      cancelWatch()
      for (const cancel of alarms) cancel()
      giveBack([...buffer, ...postponed.values()])
      postponed.clear()
      buffer = []
      if (held.size === 0) cancelWorking()
      ring()
      // A drain, not an unsubscribe: what the server sends until it hears of it would wait out its whole ack time.
      await withDeadline(subscription.drain(), FAREWELL_MS, { clock }).catch(() => subscription.unsubscribe())
    },
  }

  async function gather(): Promise<void> {
    let isOver = false
    const cancel = clock.after(consumer.gatherMs, () => {
      isOver = true
      ring()
    })
    while (!isOver && !stopped && buffer.length < consumer.maxBatch) await changed.promise
    cancel()
  }

  function forget(message: NatsDelivery): void {
    postponed.delete(message.streamSeq)
    held.delete(message)
  }

  function giveBack(batch: readonly NatsDelivery[]): NatsDelivery[] {
    for (const message of batch) {
      held.delete(message)
      if (!connection.isClosed()) message.giveBack()
    }
    return []
  }
}
