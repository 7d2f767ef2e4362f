import { type Msg, nanos } from 'nats'

/** A stored message in our hands, until it is acknowledged or given back. */
export interface NatsDelivery {
  readonly message: Msg
  /** 1 the first time. */
  readonly deliveries: number
  readonly streamSeq: number
  /** Times it was handed over in vain and kept here for another try, which the server does not see. */
  postponed: number
  acknowledge(): void
  giveBack(afterMs?: number): void
  /** Still at it: the time for an answer starts anew. */
  working(): void
}

/**
 * Reads the acknowledgement subject in both of its shapes, without and with domain and account (NATS ADR-15):
 * `$JS.ACK.[domain.account.]stream.consumer.deliveries.streamSeq...`
 */
export function readDelivery(message: Msg): NatsDelivery | undefined {
  const tokens = message.reply?.split('.') ?? []
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return undefined
  const first = tokens.length === 9 ? 4 : 6
  const deliveries = Number(tokens[first])
  const streamSeq = Number(tokens[first + 1])
  if (!Number.isSafeInteger(deliveries) || !Number.isSafeInteger(streamSeq)) return undefined
  return {
    message,
    deliveries,
    streamSeq,
    postponed: 0,
    acknowledge: () => void message.respond('+ACK'),
    giveBack: (afterMs = 0) =>
      void message.respond(afterMs > 0 ? `-NAK ${JSON.stringify({ delay: nanos(afterMs) })}` : '-NAK'),
    working: () => void message.respond('+WPI'),
  }
}
