import { PUBLIC_REQUESTS, refused } from '@sluice/contracts'
import { type Clock, type Log, inSpan, startStallWatch, withDeadline } from '@sluice/runtime'
import { type Msg, type MsgHdrs, NatsError, type Subscription, headers } from 'nats'
import { createAnswerer } from './answer-requests.ts'
import { askRequest } from './ask-request.ts'
import { BusError } from './bus-error.ts'
import type { Bus, Stop } from './bus.ts'
import { createInstruments } from './instruments.ts'
import { USUAL_NAMESPACE, everyKeyOf, requestSubject } from './message-subject.ts'
import { startNatsConsumer } from './nats-consumer.ts'
import { eventHeaders, readEventHeaders, traceparentOf } from './nats-headers.ts'
import { openNatsLink } from './nats-link.ts'
import { type TravellingEvent, prepareEvents } from './prepare-events.ts'
import { readEvent } from './read-event.ts'
import { type RetryRule, USUAL_RETRIES } from './retry-rule.ts'

export interface NatsBusSettings {
  /** Comma-separated URLs. */
  readonly servers: string
  /** Whose bus it is: queue group, consumer names, source of its events. */
  readonly service: string
  readonly clock: Clock
  readonly log: Log
  readonly namespace?: string
  readonly retries?: RetryRule
  /** How long a publish may take, waiting for a reconnection included; 2 s unless told. */
  readonly publishMs?: number
  /** How long `consume` waits for a consumer that is not there yet; 60 s unless told. */
  readonly bindMs?: number
  /**
   * Told of what cannot be mended from inside: the connection given up for good, a consumer that ended by itself, or a
   * subscription that NATS does not grant.
   * The status is `down` from then on. Hand in `fail` of `runMain`, so that the process ends and is started anew.
   */
  readonly onLost?: (error: unknown) => void
}

/** Publishes that wait for their acknowledgement at one time. */
const PUBLISH_WINDOW = 256
/** What a stop waits for the server to confirm. */
const FAREWELL_MS = 2_000

/** The bus over NATS: JetStream for stored events, core NATS for live ones and requests. Resolves once connected. */
export async function connectNats(settings: NatsBusSettings): Promise<Bus> {
  const { service, clock, log, namespace = USUAL_NAMESPACE, retries = USUAL_RETRIES } = settings
  const { publishMs = 2_000, bindMs = 60_000 } = settings
  let closed = false
  let lost = false
  const onLost = (error: unknown): void => {
    // Once: a second word would end the process before its log has said why.
    if (!closed && !lost) settings.onLost?.(error)
    lost = true
  }
  const link = await openNatsLink({ ...settings, onLost })
  const { connection } = link
  const jetstream = connection.jetstream()
  const instruments = createInstruments('nats', service, clock)
  const stall = startStallWatch()
  const stops = new Set<Stop>()

  const refuseClosed = (): void => {
    if (closed) throw new BusError('closed', 'the bus was closed')
  }
  const kept = (stop: Stop): Stop => {
    let stopping: Promise<void> | undefined
    const once: Stop = () => (stopping ??= stop().finally(() => stops.delete(once)))
    stops.add(once)
    return once
  }
  /** A subscription that NATS does not grant is over. */
  const deaf = (subject: string, error: Error): void =>
    onLost(new BusError('denied', `NATS does not let ${service} hear ${subject}`, error))
  /** So that what was subscribed is known to the server when `serve` and `listen` resolve. */
  const flush = () => withDeadline(connection.flush(), FAREWELL_MS, { clock }).catch(() => {})
  const farewell = (subscription: Subscription) =>
    withDeadline(subscription.drain(), FAREWELL_MS, { clock }).catch(() => subscription.unsubscribe())

  const store = async (event: TravellingEvent, until: number): Promise<void> => {
    const timeout = Math.max(1, until - clock.now())
    await jetstream.publish(event.subject, event.body, { headers: eventHeaders(event), msgID: event.id, timeout })
  }
  const storeAll = async (events: readonly TravellingEvent[]): Promise<void> => {
    for (let start = 0; start < events.length; start += PUBLISH_WINDOW) {
      const until = clock.now() + publishMs
      if (!(await link.whenUp(publishMs))) throw new BusError('unavailable', 'NATS is away')
      const window = events.slice(start, start + PUBLISH_WINDOW)
      const results = await Promise.allSettled(window.map((event) => store(event, until)))
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw asBusError(failed.reason)
    }
  }

  return {
    async publish(message, outgoing) {
      refuseClosed()
      if (message.delivery !== 'stored') throw new BusError('invalid_event', `${message.name} is live: announce it`)
      if (outgoing.length === 0) return
      try {
        await instruments.timed('publish', message.name, () =>
          inSpan({ tracer: service, name: `publish ${message.name}`, kind: 'producer' }, () =>
            storeAll(prepareEvents(message, outgoing, { service, now: clock.now(), namespace })),
          ),
        )
        instruments.sent(message.name, outgoing.length)
      } catch (error) {
        instruments.sent(message.name, outgoing.length, error)
        throw error
      }
    },
    announce(message, outgoing) {
      try {
        if (message.delivery !== 'live') throw new BusError('invalid_event', `${message.name} is stored: publish it`)
        // What cannot leave now is dropped: nobody wants old news from the client's buffer.
        if (!link.isUp()) return
        for (const event of prepareEvents(message, outgoing, { service, now: clock.now(), namespace })) {
          connection.publish(event.subject, event.body, { headers: eventHeaders(event) })
        }
        instruments.sent(message.name, outgoing.length)
      } catch (error) {
        log.error({ err: error, event_name: message.name }, 'bus.announce.failed')
      }
    },
    async consume(message, handle, options) {
      refuseClosed()
      if (!message.consumers.includes(service)) {
        throw new BusError('topology', `${service} is no consumer of ${message.name}`)
      }
      const parts = { link, service, namespace, retries, bindMs, clock, log, instruments, onLost }
      const { maxBatch = 64, gatherMs = 5 } = options ?? {}
      return kept(await startNatsConsumer(message, handle, { maxBatch, gatherMs }, parts))
    },
    async listen(message, hear) {
      refuseClosed()
      const subscription = connection.subscribe(everyKeyOf(message, namespace), {
        callback(error, heard) {
          if (error !== null) return deaf(everyKeyOf(message, namespace), error)
          try {
            const read = readEvent(message, { ...readEventHeaders(heard.headers), body: heard.string() })
            if (read.kind === 'fits') hear(read.event)
          } catch (failure) {
            log.error({ err: failure, event_name: message.name }, 'bus.listener.failed')
          }
        },
      })
      await flush()
      return kept(() => farewell(subscription))
    },
    request(message, input, options) {
      const carry = async (body: string, traceparent: string | undefined, deadlineMs: number) => {
        const until = clock.now() + deadlineMs
        if (closed || !(await link.whenUp(Math.min(publishMs, deadlineMs)))) {
          return { refused: refused('unavailable', 'NATS is away') }
        }
        try {
          const timeout = Math.max(1, until - clock.now())
          const request = { timeout, headers: traceHeaders(traceparent) }
          return (await connection.request(requestSubject(message, namespace), body, request)).string()
        } catch (error) {
          const code = error instanceof NatsError ? error.code : ''
          if (code === '503') return { refused: refused('unavailable', `nobody serves ${message.name}`) }
          if (code === 'TIMEOUT') {
            return { refused: refused('deadline_exceeded', `${message.name}: no answer within ${deadlineMs} ms`) }
          }
          return { refused: refused('unavailable', `${message.name}: ${code || 'NATS failed'}`) }
        }
      }
      return askRequest(message, input, options, carry, { service, log, instruments })
    },
    async serve(message, answer, options) {
      refuseClosed()
      const answerer = createAnswerer(message, answer, options ?? {}, { service, log, clock, instruments })
      const underWay = new Set<Promise<void>>()
      const subject = requestSubject(message, namespace)
      const callback =
        (callerOf: (asked: Msg) => string | undefined) =>
        (error: Error | null, asked: Msg): void => {
          if (error !== null) return deaf(subject, error)
          // Who asked before we stood still has given up: an attempt that was committed for them now would reach nobody.
          if (stall.waitedMs() > 0.75 * message.deadlineMs) {
            log.warn({ request: message.name }, 'bus.request.too_late')
            asked.respond(JSON.stringify(refused('unavailable', `${service} stood still`)))
            return
          }
          const answering = answerer
            .answer(asked.string(), traceparentOf(asked.headers), callerOf(asked))
            .then((text) => {
              if (!connection.isClosed()) asked.respond(text)
            })
          underWay.add(answering)
          void answering.catch(() => {}).finally(() => underWay.delete(answering))
        }
      const queue = message.server
      const subscriptions = [connection.subscribe(subject, { queue, callback: callback(() => undefined) })]
      if (PUBLIC_REQUESTS.includes(message)) {
        const whoAsks = ({ subject: said }: Msg) => said.slice(subject.length + 1)
        subscriptions.push(connection.subscribe(`${subject}.*`, { queue, callback: callback(whoAsks) }))
      }
      await flush()
      return kept(async () => {
        await Promise.all(subscriptions.map(farewell))
        await answerer.stop()
        await Promise.allSettled(underWay)
        await flush()
      })
    },
    status: () => (link.isUp() && !lost ? 'up' : 'down'),
    async close() {
      closed = true
      stall.stop()
      await Promise.all([...stops].map((stop) => stop()))
      await flush()
      await link.close()
    },
  }
}

function traceHeaders(traceparent: string | undefined): MsgHdrs {
  const all = headers()
  if (traceparent !== undefined) all.set('traceparent', traceparent)
  return all
}

function asBusError(error: unknown): BusError {
  if (error instanceof BusError) return error
  const code = error instanceof NatsError ? error.code : ''
  const detail = code === '503' ? 'no stream takes this subject now; has the topology job run?' : 'no acknowledgement'
  return new BusError('unavailable', `${detail}${code === '' ? '' : ` (${code})`}`, error)
}
