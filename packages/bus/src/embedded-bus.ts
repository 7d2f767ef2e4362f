import type { EventMessage } from '@sluice/contracts'
import { refused } from '@sluice/contracts'
import { type Clock, type Log, RuntimeError, createBatcher, inSpan, withDeadline } from '@sluice/runtime'
import type { Sql } from '@sluice/sql'
import { type Answerer, createAnswerer } from './answer-requests.ts'
import { askRequest } from './ask-request.ts'
import { BusError } from './bus-error.ts'
import type { Bus, Stop } from './bus.ts'
import { type ConsumerDesk, createConsumerDesk, startEmbeddedConsumer } from './embedded-consumer.ts'
import { openEmbeddedEvents } from './embedded-events.ts'
import { createInstruments } from './instruments.ts'
import { type TravellingEvent, prepareEvents } from './prepare-events.ts'
import { readEvent } from './read-event.ts'
import { type RetryRule, USUAL_RETRIES } from './retry-rule.ts'

export interface EmbeddedBusParts {
  /** The process's one embedded database. The bus keeps a schema `bus` in it, and does not close it. */
  readonly sql: Sql
  readonly clock: Clock
  readonly log: Log
  readonly retries?: RetryRule
  /** How long a publish may take, 10 s unless told. */
  readonly publishMs?: number
}

/** The hub of one process: every service in it has its own bus, and they all meet here. */
export interface EmbeddedBus {
  /** The bus of one service. Two of the same name share the work, as replicas do. */
  as(service: string): Bus
  /** Consumers, listeners and servers that stand now. */
  standing(): number
  /** Closes every bus that was handed out. */
  close(): Promise<void>
}

type Listener = (event: TravellingEvent) => void
type Publication = { readonly event: TravellingEvent; readonly consumers: readonly string[] }

const SWEEP_MS = 30_000

/**
 * The bus for one process: stored events are rows of the embedded database, requests and live events are calls.
 * Nobody shares an object: everything crosses as JSON text, checked on both sides as on NATS.
 *
 * The embedded database has ONE connection: a publish awaited inside `sql.transaction` waits for the transaction
 * that waits for it. It is refused at once where that can be told (BusError `invalid_event`), else after
 * `publishMs` (`unavailable`). Publish after the commit: that is what the journal's relay is for.
 */
export async function createEmbeddedBus(parts: EmbeddedBusParts): Promise<EmbeddedBus> {
  const { sql, clock, log, retries = USUAL_RETRIES, publishMs = 10_000 } = parts
  const events = await openEmbeddedEvents(sql)
  const desks = new Map<string, ConsumerDesk>()
  const listeners = new Map<string, Set<Listener>>()
  const answerers = new Map<string, Answerer[]>()
  const buses = new Set<Bus>()
  const allStops = new Set<Stop>()

  const deskOf = (service: string, name: string): ConsumerDesk => {
    const key = `${service} ${name}`
    const desk = desks.get(key) ?? createConsumerDesk()
    desks.set(key, desk)
    return desk
  }
  const tell = (event: TravellingEvent): void => {
    for (const hear of listeners.get(event.name) ?? []) hear(event)
  }
  const publications = createBatcher<readonly Publication[], void>({
    maxItems: 64,
    waitMs: 0,
    async run(items) {
      const all = items.flat()
      await events.store(all, clock.now())
      for (const { event, consumers } of all) {
        tell(event)
        for (const consumer of consumers) deskOf(consumer, event.name).wake()
      }
      return items.map(() => undefined)
    },
    clock,
  })
  const cancelSweep = clock.every(SWEEP_MS, () => {
    events.sweep(clock.now()).catch((error: unknown) => log.warn({ err: error }, 'bus.sweep.failed'))
  })

  const as = (service: string): Bus => {
    const instruments = createInstruments('embedded', service, clock)
    const stops = new Set<Stop>()
    let closed = false

    const refuseClosed = (): void => {
      if (closed) throw new BusError('closed', 'the bus was closed')
    }
    const kept = (stop: Stop): Stop => {
      let stopping: Promise<void> | undefined
      const once: Stop = () =>
        (stopping ??= stop().finally(() => {
          stops.delete(once)
          allStops.delete(once)
        }))
      stops.add(once)
      allStops.add(once)
      return once
    }
    const prepare = <M extends EventMessage>(message: M, outgoing: Parameters<typeof prepareEvents<M>>[1]) =>
      prepareEvents(message, outgoing, { service, now: clock.now() })

    const bus: Bus = {
      async publish(message, outgoing) {
        refuseClosed()
        if (message.delivery !== 'stored') throw new BusError('invalid_event', `${message.name} is live: announce it`)
        if (outgoing.length === 0) return
        try {
          await instruments.timed('publish', message.name, () =>
            inSpan({ tracer: service, name: `publish ${message.name}`, kind: 'producer' }, async () => {
              const prepared = prepare(message, outgoing)
              const publication = prepared.map((event) => ({ event, consumers: message.consumers }))
              await withDeadline(publications.add(publication), publishMs, { clock, what: 'a publish' })
            }),
          )
          instruments.sent(message.name, outgoing.length)
        } catch (error) {
          instruments.sent(message.name, outgoing.length, error)
          throw asBusError(error)
        }
      },
      announce(message, outgoing) {
        try {
          if (closed) return
          if (message.delivery !== 'live') throw new BusError('invalid_event', `${message.name} is stored: publish it`)
          for (const event of prepare(message, outgoing)) tell(event)
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
        const desk = deskOf(service, message.name)
        const consumer = { service, events, desk, retries, clock, log, instruments }
        return kept(startEmbeddedConsumer(message, handle, options?.maxBatch ?? 64, consumer))
      },
      async listen(message, hear) {
        refuseClosed()
        const listener: Listener = (wire) => {
          setImmediate(() => {
            if (!listeners.get(message.name)?.has(listener)) return
            try {
              const read = readEvent(message, wire)
              if (read.kind === 'fits') hear(read.event)
            } catch (error) {
              log.error({ err: error, event_name: message.name }, 'bus.listener.failed')
            }
          })
        }
        const group = listeners.get(message.name) ?? new Set()
        listeners.set(message.name, group.add(listener))
        return kept(async () => void group.delete(listener))
      },
      request(message, input, options) {
        return askRequest(
          message,
          input,
          options,
          async (body, traceparent, deadlineMs) => {
            if (closed) return { refused: refused('unavailable', 'the bus was closed') }
            const group = answerers.get(message.name) ?? []
            const answerer = group.shift()
            if (answerer === undefined) return { refused: refused('unavailable', `nobody serves ${message.name}`) }
            group.push(answerer)
            try {
              return await withDeadline(answerer.answer(body, traceparent), deadlineMs, { clock })
            } catch (error) {
              if (!(error instanceof RuntimeError)) throw error
              return { refused: refused('deadline_exceeded', `${message.name}: no answer within ${deadlineMs} ms`) }
            }
          },
          { service, log, instruments },
        )
      },
      async serve(message, answer, options) {
        refuseClosed()
        const answerer = createAnswerer(message, answer, options ?? {}, { service, log, clock, instruments })
        const group = answerers.get(message.name) ?? []
        answerers.set(message.name, group)
        group.push(answerer)
        return kept(async () => {
          group.splice(group.indexOf(answerer), 1)
          await answerer.stop()
        })
      },
      status: () => (closed ? 'down' : sql.status()),
      async close() {
        closed = true
        await Promise.all([...stops].map((stop) => stop()))
        buses.delete(bus)
      },
    }
    buses.add(bus)
    return bus
  }

  return {
    as,
    standing: () => allStops.size,
    async close() {
      cancelSweep()
      await Promise.all([...buses].map((bus) => bus.close()))
      await publications.stop()
    },
  }
}

function asBusError(error: unknown): unknown {
  if (error instanceof BusError) return error
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'nested_transaction') {
    return new BusError('invalid_event', 'published inside a transaction: publish after its commit', error)
  }
  if (code === 'deadline_exceeded') {
    const hint = 'the event was not committed in time; a publish awaited inside a transaction never is'
    return new BusError('unavailable', hint, error)
  }
  return new BusError('unavailable', 'the event could not be stored', error)
}
