import { EVENTS, type EventMessage } from '@sluice/contracts'
import { AckPolicy, DeliverPolicy, DiscardPolicy, ReplayPolicy, RetentionPolicy, StorageType, nanos } from 'nats'
import type { ConsumerConfig, StreamConfig } from 'nats'
import { USUAL_NAMESPACE, consumerName, deadLetterStream, everyKeyOf, streamName } from './message-subject.ts'

export interface TopologySettings {
  /** 1, 3 or 5 servers that hold each stream; 1 unless told. */
  readonly replicas?: number
  /** Per stream; 1 GiB unless told. A full one refuses what is published: devices then get 503 and come again, and nothing is lost. */
  readonly maxBytes?: number
  readonly namespace?: string
}

export interface Topology {
  readonly streams: readonly (Partial<StreamConfig> & { readonly name: string })[]
  readonly consumers: readonly {
    readonly stream: string
    readonly config: Partial<ConsumerConfig> & { readonly durable_name: string }
  }[]
}

/**
 * How long a delivery may stay unanswered; handlers that take longer say `working` in between. What a process had in hand
 * when it was killed reaches another one after this long, while timers go on.
 */
export const ACK_WAIT_MS = 20_000
const DAY_MS = 86_400_000

/** Streams and consumers, derived from the stored events of the contracts. Only what nats-server 2.9 knows. */
export function topologyOf(settings: TopologySettings = {}): Topology {
  const { replicas = 1, maxBytes = 1024 ** 3, namespace = USUAL_NAMESPACE } = settings
  const stored = EVENTS.filter(({ delivery }) => delivery === 'stored')
  const byStream = Map.groupBy(stored, (message) => streamName(message, namespace))
  const common = {
    storage: StorageType.File,
    max_bytes: maxBytes,
    num_replicas: replicas,
    duplicate_window: nanos(120_000),
  }
  return {
    streams: [
      ...Array.from(byStream, ([name, messages]) => ({
        ...common,
        name,
        retention: retentionOf(messages),
        // What nobody has handled yet is never pushed out by what comes.
        discard: DiscardPolicy.New,
        subjects: messages.map((message) => everyKeyOf(message, namespace)),
        max_age: nanos(7 * DAY_MS),
      })),
      {
        ...common,
        name: deadLetterStream(namespace),
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        subjects: [`${namespace}.dlq.>`],
        max_age: nanos(30 * DAY_MS),
      },
    ],
    consumers: stored.flatMap((message) =>
      message.consumers.map((service) => ({
        stream: streamName(message, namespace),
        config: {
          durable_name: consumerName(service, message),
          filter_subject: everyKeyOf(message, namespace),
          ack_policy: AckPolicy.Explicit,
          ack_wait: nanos(ACK_WAIT_MS),
          deliver_policy: DeliverPolicy.All,
          replay_policy: ReplayPolicy.Instant,
          // Without end: the bus itself counts deliveries and moves dead letters. The server would only fall silent.
          max_deliver: -1,
          max_ack_pending: 4_096,
          max_waiting: 512,
        },
      })),
    ),
  }
}

/**
 * Gone once its one consumer has acknowledged it. Of what several services read that would be `interest`, where a server
 * acknowledges and drops what comes while its consumers are not there: each time it is stopped, since it ends them first.
 * So that is kept until it is too old; there is little of it.
 */
function retentionOf(messages: readonly EventMessage[]): RetentionPolicy {
  return messages.every(({ consumers }) => consumers.length === 1) ? RetentionPolicy.Workqueue : RetentionPolicy.Limits
}
