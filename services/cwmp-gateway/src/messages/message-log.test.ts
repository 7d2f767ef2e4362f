import type { Bus } from '@sluice/bus'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { createMessageLog, type LoggedMessage } from './message-log.ts'

const line = (body?: string): LoggedMessage => ({
  deviceKey: `dev_${'a'.repeat(26)}`,
  sessionId: 's',
  from: 'cpe',
  method: 'Inform',
  commandKey: null,
  faultCode: null,
  bytes: 1,
  ...(body === undefined ? {} : { body }),
})

test.each([
  ['lines', undefined, 4_096],
  ['bodies', 'x'.repeat(60_000), 261],
])(
  'fault 46: while the bus is away a message log keeps only so many %s, and counts what it gives up',
  async (_, body, room) => {
    const back = Promise.withResolvers<void>()
    const published: unknown[] = []
    const publish: Bus['publish'] = async (_message, events) => {
      await back.promise
      published.push(...events.flatMap(({ data }) => (data as { items: unknown[] }).items))
    }
    let dropped = 0
    const messages = createMessageLog({
      bus: { publish } as Bus,
      ids: createIds(),
      clock: systemClock,
      log: createLog({ service: 'test', level: 'silent' }),
      instruments: { messageDropped: () => void (dropped += 1) },
    })
    messages.write(Array.from({ length: 10_000 }, () => line(body)))
    await waitUntil(() => dropped === 10_000 - room)
    back.resolve()
    await messages.stop()
    expect([published.length, dropped]).toEqual([room, 10_000 - room])
    messages.write([line(body)])
    await waitUntil(() => dropped === 10_001 - room)
  },
)
