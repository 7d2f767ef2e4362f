import { type JetStreamManager, type StoredMsg, connect, headers } from 'nats'
import { BusError } from './bus-error.ts'
import { USUAL_NAMESPACE, deadLetterStream, inboxOf } from './message-subject.ts'
import { natsOptions } from './nats-options.ts'

/** An event on NATS that a consumer gave up. Its data stays out: it is the device's and the operator's. */
export interface DeadLetter {
  /** Its place in the stream of dead letters. */
  readonly seq: number
  readonly service: string
  readonly name: string
  readonly id: string
  readonly reason: string
  readonly bytes: number
  /** Epoch milliseconds. */
  readonly deadAt: number
}

export interface DeadLetters {
  /** In the order they were given up. Throws BusError `unavailable` or `topology`. */
  list(): AsyncIterable<DeadLetter>
  /**
   * Publishes one anew where it came from, and takes it out of the dead letters; false when it is not there any more.
   * All services that consume the event get it once more, under its old id: they bear that by their contract.
   */
  replay(seq: number): Promise<boolean>
  close(): Promise<void>
}

const DEADLINE_MS = 5_000

/** The dead letters of an installation, for the job that an operator runs once the cause is mended. */
export async function openDeadLetters(natsUrl: string, namespace = USUAL_NAMESPACE): Promise<DeadLetters> {
  const stream = deadLetterStream(namespace)
  const connection = await connect({
    ...natsOptions(natsUrl),
    name: 'dead-letters',
    inboxPrefix: inboxOf('topology'),
    timeout: DEADLINE_MS,
  }).catch((error: unknown) => {
    throw new BusError('unavailable', 'NATS cannot be reached', error)
  })
  const manager = await connection.jetstreamManager({ timeout: DEADLINE_MS })

  async function* list(): AsyncIterable<DeadLetter> {
    const { state } = await manager.streams.info(stream).catch((error: unknown) => {
      throw new BusError('topology', `stream ${stream} is not there: run the topology job`, error)
    })
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const found = await readOne(manager, stream, seq)
      if (found !== undefined) yield letterOf(found, namespace)
    }
  }

  return {
    list,
    async replay(seq) {
      const found = await readOne(manager, stream, seq)
      if (found === undefined) return false
      const all = headers()
      for (const [key, values] of found.header) {
        if (key.startsWith('ce-') || key === 'traceparent') for (const value of values) all.append(key, value)
      }
      const subject = found.header.get('sluice-subject')
      if (!subject.startsWith(`${namespace}.v1.`)) throw new BusError('invalid_event', `letter ${seq} has no subject`)
      // Another id for the server, which would take the old one for a duplicate; the same each time, should we die in between.
      await connection
        .jetstream()
        .publish(subject, found.data, { headers: all, msgID: `replay:${seq}:${found.timestamp}`, timeout: DEADLINE_MS })
        .catch((error: unknown) => {
          throw new BusError('unavailable', `letter ${seq} was not taken; it is still there`, error)
        })
      await manager.streams.deleteMessage(stream, seq, false)
      return true
    },
    close: () => connection.close(),
  }
}

async function readOne(manager: JetStreamManager, stream: string, seq: number): Promise<StoredMsg | undefined> {
  try {
    return await manager.streams.getMessage(stream, { seq })
  } catch (error) {
    if ((error as { api_error?: { code?: number } }).api_error?.code === 404) return undefined
    throw new BusError('unavailable', `letter ${seq} could not be read`, error)
  }
}

/** Subjects are `<namespace>.dlq.<service>.<entity>.<verb>`. */
function letterOf({ seq, subject, header, data, time }: StoredMsg, namespace: string): DeadLetter {
  const [service = '', ...name] = subject.slice(`${namespace}.dlq.`.length).split('.')
  return {
    seq,
    service,
    name: name.join('.'),
    id: header.get('ce-id'),
    reason: decodeURIComponent(header.get('sluice-reason')),
    bytes: data.length,
    deadAt: time.getTime(),
  }
}
