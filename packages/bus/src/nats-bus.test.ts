import { createLog, systemClock } from '@sluice/runtime'
import { freshNamespace } from '@sluice/testbed'
import { connect, headers } from 'nats'
import { inject } from 'vitest'
import { applyTopology } from './apply-topology.ts'
import { type BusStand, QUICK_RETRIES, busSuite } from './bus.suite.ts'
import type { Bus } from './bus.ts'
import { consumerName, deadLetterStream, eventSubject, streamName } from './message-subject.ts'
import { connectNats } from './nats-bus.ts'

const log = createLog({ service: 'test', level: 'silent' })

async function openStand(): Promise<BusStand> {
  const servers = inject('natsUrl')
  const namespace = freshNamespace()
  const { streams } = await applyTopology(servers, { namespace, maxBytes: 8 * 1024 ** 2 })
  const connection = await connect({ servers })
  const manager = await connection.jetstreamManager()
  const buses: Bus[] = []
  return {
    async bus(service) {
      const bus = await connectNats({ servers, service, namespace, clock: systemClock, log, retries: QUICK_RETRIES })
      buses.push(bus)
      return bus
    },
    async putRaw(message, { id, key, body }) {
      const all = headers()
      all.set('ce-id', id)
      await connection.jetstream().publish(eventSubject(message, key, namespace), body, { headers: all })
    },
    async deadLetters() {
      const name = deadLetterStream(namespace)
      const { state } = await manager.streams.info(name)
      const letters: { id: string; reason: string }[] = []
      for (let seq = 1; seq <= state.last_seq; seq++) {
        const { header } = await manager.streams.getMessage(name, { seq })
        letters.push({ id: header.get('ce-id'), reason: decodeURIComponent(header.get('sluice-reason')) })
      }
      return letters
    },
    async pending(service, message) {
      const consumer = await manager.consumers.info(streamName(message, namespace), consumerName(service, message))
      return consumer.num_pending + consumer.num_ack_pending
    },
    async standing() {
      return buses.filter((bus) => bus.status() === 'up').length
    },
    async close() {
      await Promise.all(buses.map((bus) => bus.close()))
      for (const { name } of streams) await manager.streams.delete(name)
      await connection.close()
    },
  }
}

busSuite('NATS', openStand)
