import type { Bus } from '@sluice/bus'
import { type DeviceMessage, deviceMessages, shardOf } from '@sluice/contracts'
import { type Clock, createBatcher, currentTraceparent, type Ids, type Log } from '@sluice/runtime'
import type { Instruments } from '../observability.ts'

/** A line as its session knows it; time and trace are added here. */
export type LoggedMessage = Omit<DeviceMessage, 'at' | 'traceparent'>

/** What was said in sessions that were not idle. Nobody waits for it, and it never grows without bound. */
export interface MessageLog {
  write(messages: readonly LoggedMessage[]): void
  /** Resolves once what was written is stored, or given up. */
  stop(): Promise<void>
}

export interface MessageLogParts {
  readonly bus: Bus
  readonly ids: Ids
  readonly clock: Clock
  readonly log: Log
  readonly instruments: Pick<Instruments, 'messageDropped'>
}

const MAX_ITEMS = 64
const MAX_PENDING = 5_000
/** Of all that waits. */
const MAX_PENDING_BYTES = 16 * 1024 ** 2
/** Of one event, below what the bus takes. */
const MAX_EVENT_BYTES = 700_000
/** What a line has besides its body, at most. */
const LINE_BYTES = 4_096

export function createMessageLog({ bus, ids, clock, log, instruments }: MessageLogParts): MessageLog {
  let pendingBytes = 0
  const batcher = createBatcher<DeviceMessage, void>({
    maxItems: MAX_ITEMS,
    waitMs: 50,
    maxRunning: 4,
    maxPending: MAX_PENDING,
    clock,
    run: async (items) => {
      for (const group of groupsOf(items)) await publish(group)
      return items.map(() => undefined)
    },
  })
  return {
    write: (messages) => {
      const at = new Date(clock.now()).toISOString()
      const traceparent = currentTraceparent()
      const traced = traceparent === undefined ? {} : { traceparent }
      for (const message of messages) add({ ...message, at, ...traced })
    },
    stop: () => batcher.stop(),
  }

  function add(message: DeviceMessage): void {
    const bytes = bytesOf(message)
    if (pendingBytes + bytes > MAX_PENDING_BYTES) return instruments.messageDropped()
    pendingBytes += bytes
    batcher.add(message).then(
      () => (pendingBytes -= bytes),
      () => {
        pendingBytes -= bytes
        instruments.messageDropped()
      },
    )
  }

  async function publish(items: readonly DeviceMessage[]): Promise<void> {
    try {
      const key = shardOf(items[0]?.deviceKey ?? '')
      await bus.publish(deviceMessages, [{ id: ids.event(), key, data: { items: [...items] } }])
    } catch (error) {
      log.warn({ err: error, messages: items.length }, 'cwmp.messages.lost')
      throw error
    }
  }
}

function groupsOf(items: readonly DeviceMessage[]): readonly (readonly DeviceMessage[])[] {
  const groups: DeviceMessage[][] = []
  let room = 0
  for (const item of items) {
    const bytes = bytesOf(item)
    if (bytes > room) {
      groups.push([])
      room = MAX_EVENT_BYTES
    }
    groups.at(-1)?.push(item)
    room -= bytes
  }
  return groups
}

function bytesOf({ body }: DeviceMessage): number {
  // As JSON: a control character takes six bytes.
  return LINE_BYTES + (body === undefined ? 0 : Buffer.byteLength(JSON.stringify(body)))
}
