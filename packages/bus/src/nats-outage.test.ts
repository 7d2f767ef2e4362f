import { type EventMessage, artifactRevoked, deviceChanged, deviceCredential, deviceKeyOf } from '@sluice/contracts'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { createFaultProxy, type TestServer, startNats, waitUntil } from '@sluice/testbed'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { applyTopology } from './apply-topology.ts'
import { QUICK_RETRIES, revocation } from './bus.suite.ts'
import type { Bus, OutgoingEvent } from './bus.ts'
import { connectNats } from './nats-bus.ts'

const log = createLog({ service: 'test', level: 'silent' })
let server: TestServer
let publisher: Bus
let consumer: Bus

beforeEach(async () => {
  server = await startNats()
  await applyTopology(server.url, { maxBytes: 8 * 1024 ** 2 })
  const settings = { servers: server.url, clock: systemClock, log, retries: QUICK_RETRIES, publishMs: 1_500 }
  publisher = await connectNats({ ...settings, service: 'artifact-resolver' })
  consumer = await connectNats({ ...settings, service: 'campaign-scheduler' })
})
afterEach(async () => {
  server.resume()
  await Promise.all([publisher.close(), consumer.close()])
  await server.stop()
})

test('fault 47: a server killed and started again loses no event that was acknowledged, before or behind the consumer', async () => {
  const heard = new Set<string>()
  await consumer.consume(artifactRevoked, async (batch) => batch.forEach(({ id }) => heard.add(id)), { maxBatch: 10 })
  const events = Array.from({ length: 300 }, (_, index) => revocation(`r${index}`))
  const publishing = (async () => {
    for (let start = 0; start < events.length; start += 10) {
      const batch = events.slice(start, start + 10)
      while (
        !(await publisher.publish(artifactRevoked, batch).then(
          () => true,
          () => false,
        ))
      );
    }
  })()
  await waitUntil(() => heard.size > 50)
  await server.kill('SIGKILL')
  await server.restart()
  await publishing
  await waitUntil(() => heard.size === events.length, { describe: () => `only ${heard.size} arrived` })
})

const removalOf = (serialNumber: string) => ({
  kind: 'removed' as const,
  deviceKey: deviceKeyOf({ oui: '02A1B2', productClass: 'R', serialNumber }),
  at: new Date(0).toISOString(),
})
const removal = (serialNumber: string) => ({
  id: createIds().event(),
  key: '00',
  data: { items: [removalOf(serialNumber)] },
})

test.each<[string, EventMessage, string, (name: string) => OutgoingEvent<unknown>]>([
  ['one service', deviceChanged, 'device-registry', removal],
  ['several services', artifactRevoked, 'artifact-resolver', revocation],
])(
  'fault 47: a server that is stopped in order, and started again, loses no event for %s that it acknowledged',
  async (_, message, service, make) => {
    const heard = new Set<string>()
    await consumer.consume(message, async (batch) => batch.forEach(({ id }) => heard.add(id)))
    const from = await connectNats({ servers: server.url, clock: systemClock, log, service, publishMs: 1_500 })
    const acknowledged: string[] = []
    let isOver = false
    const publishing = Array.from({ length: 8 }, async (__, lane) => {
      for (let count = 0; !isOver; count += 1) {
        const event = make(`${lane}-${count}`)
        // What fails is not told again: only what was acknowledged counts.
        await from.publish(message, [event]).then(
          () => acknowledged.push(event.id),
          () => {},
        )
      }
    })
    for (let stops = 1; stops <= 4; stops += 1) {
      const before = acknowledged.length
      await waitUntil(() => acknowledged.length > before + 200)
      await server.kill('SIGTERM')
      await server.restart()
    }
    isOver = true
    await Promise.all(publishing)
    await waitUntil(() => acknowledged.every((id) => heard.has(id)), {
      deadlineMs: 60_000,
      describe: () => `${acknowledged.filter((id) => !heard.has(id)).length} of ${acknowledged.length} are lost`,
    })
    await from.close()
  },
  150_000,
)

test('fault 50: a full stream refuses more, keeps what nobody has handled, and takes more once it was handled', async () => {
  const batch = () =>
    Array.from({ length: 200 }, () => {
      const items = Array.from({ length: 10 }, (_, index) => removalOf(`f${index}`))
      return { id: createIds().event(), key: '00', data: { items } }
    })
  const stored: string[] = []
  const failed: unknown[] = []
  while (failed.length === 0 && stored.length < 100_000) {
    const events = batch()
    await publisher.publish(deviceChanged, events).then(
      () => stored.push(...events.map(({ id }) => id)),
      (error: unknown) => failed.push(error),
    )
  }
  expect(failed[0]).toMatchObject({ code: 'unavailable' })

  const heard = new Set<string>()
  await consumer.consume(deviceChanged, async (events) => events.forEach(({ id }) => heard.add(id)))
  await waitUntil(() => stored.every((id) => heard.has(id)), {
    deadlineMs: 60_000,
    describe: () => `${heard.size} of ${stored.length} heard`,
  })
  await waitUntil(() => publisher.publish(deviceChanged, batch()).then(() => true))
}, 150_000)

test('what is published while the server is away fails as unavailable, and goes through once it is back', async () => {
  await server.kill('SIGKILL')
  await waitUntil(() => publisher.status() === 'down')
  const event = revocation('x')
  await expect(publisher.publish(artifactRevoked, [event])).rejects.toMatchObject({ code: 'unavailable' })
  const asked = { deviceKey: `dev_${'a'.repeat(26)}`, realm: 'x' }
  expect(await publisher.request(deviceCredential, asked)).toMatchObject({ ok: false, error: { code: 'unavailable' } })
  await server.restart()
  await waitUntil(() => publisher.status() === 'up')
  await publisher.publish(artifactRevoked, [event])
})

test('a server that stands still fails a publish in bounded time; the retry with the same id is one event', async () => {
  const heard: string[] = []
  await consumer.consume(artifactRevoked, async (batch) => void heard.push(...batch.map(({ id }) => id)))
  const [event, last] = [revocation('x'), revocation('last')]
  server.pause()
  // The signal takes its time.
  await waitUntil(() =>
    publisher.publish(artifactRevoked, [revocation('is it?')]).then(
      () => false,
      () => true,
    ),
  )
  await expect(publisher.publish(artifactRevoked, [event])).rejects.toMatchObject({ code: 'unavailable' })
  server.resume()
  await publisher.publish(artifactRevoked, [event])
  await publisher.publish(artifactRevoked, [last])
  await waitUntil(() => heard.includes(last.id))
  expect(heard.filter((id) => [event.id, last.id].includes(id))).toEqual([event.id, last.id])
})

test('fault 46: consumers and servers go on by themselves after a restart of the server', async () => {
  const heard: string[] = []
  await consumer.consume(artifactRevoked, async (batch) => void heard.push(...batch.map(({ id }) => id)))
  await consumer.serve(deviceCredential, async (batch) => batch.map(() => ({ ok: true, data: { kind: 'unknown' } })))
  await server.kill('SIGKILL')
  await server.restart()
  await waitUntil(() => publisher.status() === 'up' && consumer.status() === 'up')
  const event = revocation('x')
  await waitUntil(() => publisher.publish(artifactRevoked, [event]).then(() => true))
  await waitUntil(() => heard.includes(event.id))
  const asked = { deviceKey: `dev_${'a'.repeat(26)}`, realm: 'x' }
  await waitUntil(async () => (await publisher.request(deviceCredential, asked)).ok)
})

test('fault 46: a server that is away for longer than its client would wait ends nobody: each goes on by itself, and what was refused meanwhile comes once', async () => {
  const lines = await Promise.all([1, 2].map(() => createFaultProxy({ target: server.url })))
  const lost: unknown[] = []
  const through = (line: number, service: string): Promise<Bus> => {
    const servers = `nats://${lines[line]!.address}`
    const onLost = (error: unknown) => void lost.push(error)
    return connectNats({ servers, service, clock: systemClock, log, publishMs: 1_500, onLost })
  }
  const asking = await through(0, 'artifact-resolver')
  const working = await through(1, 'campaign-scheduler')
  const heard: string[] = []
  await working.consume(artifactRevoked, async (batch) => void heard.push(...batch.map(({ id }) => id)))
  await working.serve(deviceCredential, async (batch) => batch.map(() => ({ ok: true, data: { kind: 'unknown' } })))
  const asked = { deviceKey: `dev_${'a'.repeat(26)}`, realm: 'x' }
  const kept = Array.from({ length: 20 }, (_, index) => revocation(`kept ${index}`))
  await asking.publish(artifactRevoked, kept)
  await server.kill('SIGKILL')
  await waitUntil(() => asking.status() === 'down' && working.status() === 'down')

  // The client's own ten tries, and half as many again: twenty seconds as it comes, some four as we have it.
  const tried = () => lines.map((line) => line.connections().total)
  const before = tried()
  const meanwhile = revocation('meanwhile')
  let refusals = 0
  await waitUntil(
    async () => {
      await expect(asking.publish(artifactRevoked, [meanwhile])).rejects.toMatchObject({ code: 'unavailable' })
      refusals += 1
      return lost.length > 0 || tried().every((total, index) => total - before[index]! >= 15)
    },
    { deadlineMs: 60_000, describe: () => `tried ${tried().join()} times, ${before.join()} of them before` },
  )
  expect(lost).toEqual([])
  expect(refusals).toBeGreaterThan(0)
  expect(await asking.request(deviceCredential, asked)).toMatchObject({ ok: false, error: { code: 'unavailable' } })

  await server.restart()
  await waitUntil(() => asking.status() === 'up' && working.status() === 'up')
  const last = revocation('last')
  for (const event of [meanwhile, last]) {
    await waitUntil(() => asking.publish(artifactRevoked, [event]).then(() => true))
  }
  // Those that were in a hand when the server died come again when their time is over.
  await waitUntil(() => [...kept, last].every(({ id }) => heard.includes(id)), { deadlineMs: 60_000 })
  expect(heard.filter((id) => id === meanwhile.id)).toHaveLength(1)
  await waitUntil(async () => (await asking.request(deviceCredential, asked)).ok)
  await Promise.all([asking.close(), working.close()])
  await Promise.all(lines.map((line) => line.close()))
}, 150_000)

test('a bus closes even while the server is away', async () => {
  await consumer.consume(artifactRevoked, async () => {})
  await server.kill('SIGKILL')
  await waitUntil(() => consumer.status() === 'down')
  await consumer.close()
  expect(consumer.status()).toBe('down')
})
