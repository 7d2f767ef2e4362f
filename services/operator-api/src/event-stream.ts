import type { ServerResponse } from 'node:http'
import type { Bus, Stop } from '@sluice/bus'
import { campaignChanged, upgradeChanged } from '@sluice/contracts'
import type { Clock } from '@sluice/runtime'

/** What may lie unread in a slow listener's socket before the stream is ended: it reconnects and reads the history. */
const MAX_BACKLOG_BYTES = 1_048_576
const HEARTBEAT_MS = 15_000

export interface EventStreams {
  /** Keeps the response open and writes what happens. */
  add(response: ServerResponse, filter: { readonly campaignId?: string }): void
  stop(): Promise<void>
}

/** Server-sent events for any number of listeners, over one subscription each to the live events of the bus. */
export async function createEventStreams(
  bus: Bus,
  clock: Clock,
  onCount: (change: 1 | -1) => void,
): Promise<EventStreams> {
  const listeners = new Set<{ response: ServerResponse; campaignId: string | undefined }>()

  const write = (response: ServerResponse, text: string) => {
    response.write(text)
    if (response.writableLength > MAX_BACKLOG_BYTES) response.destroy()
  }
  const tell = (campaignId: string, event: string, data: unknown) => {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
    for (const listener of listeners) {
      if (listener.campaignId === undefined || listener.campaignId === campaignId) write(listener.response, text)
    }
  }
  const stops: Stop[] = [
    await bus.listen(campaignChanged, ({ data }) => tell(data.campaignId, campaignChanged.name, data)),
    await bus.listen(upgradeChanged, ({ data }) => {
      for (const item of data.items) tell(item.campaignId, upgradeChanged.name, item)
    }),
  ]
  const stopHeartbeat = clock.every(HEARTBEAT_MS, () => {
    for (const { response } of listeners) write(response, ': still here\n\n')
  })

  return {
    add: (response, filter) => {
      const listener = { response, campaignId: filter.campaignId }
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      response.write(': listening\n\n')
      listeners.add(listener)
      onCount(1)
      response.once('close', () => {
        listeners.delete(listener)
        onCount(-1)
      })
    },
    stop: async () => {
      stopHeartbeat()
      await Promise.all(stops.map((stop) => stop()))
      for (const { response } of listeners) response.end()
    },
  }
}
