import { EVENTS, artifactRevoked, deviceChanged, REQUESTS } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { freshNamespace, waitUntil } from '@sluice/testbed'
import { RetentionPolicy, connect, nanos } from 'nats'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { applyTopology } from './apply-topology.ts'
import { revocation } from './bus.suite.ts'
import { consumerName, everyKeyOf, requestSubject, streamName } from './message-subject.ts'
import { connectNats } from './nats-bus.ts'
import { topologyOf } from './topology.ts'

describe('the topology', () => {
  const { streams, consumers } = topologyOf()
  const subjects = streams.flatMap((stream) => stream.subjects ?? [])

  test('stores every stored event, and neither live events nor requests', () => {
    const expected = EVENTS.filter(({ delivery }) => delivery === 'stored').map((message) => everyKeyOf(message))
    expect(subjects.filter((subject) => !subject.startsWith('sluice.dlq')).toSorted()).toEqual(expected.toSorted())
    for (const request of REQUESTS) expect(subjects).not.toContain(requestSubject(request))
  })

  test('has one durable consumer for each service that the contracts name', () => {
    const expected = EVENTS.flatMap((message) =>
      message.consumers.map((service) => `${service}_${message.name.replaceAll('.', '_')}`),
    )
    expect(consumers.map(({ config }) => config.durable_name).toSorted()).toEqual(expected.toSorted())
    expect(new Set(expected).size).toBe(expected.length)
  })
})

describe('applying it', () => {
  const servers = inject('natsUrl')
  const log = createLog({ service: 'test', level: 'silent' })
  let namespace: string
  beforeEach(() => {
    namespace = freshNamespace()
  })
  afterEach(async () => {
    const connection = await connect({ servers })
    const manager = await connection.jetstreamManager()
    for await (const { config } of manager.streams.list()) {
      if (config.name.startsWith(namespace.toUpperCase())) await manager.streams.delete(config.name)
    }
    await connection.close()
  })

  test('twice changes nothing, and a new size is taken over', async () => {
    const once = await applyTopology(servers, { namespace, maxBytes: 2 ** 20 })
    expect(await applyTopology(servers, { namespace, maxBytes: 2 ** 20 })).toEqual(once)
    const grown = await applyTopology(servers, { namespace, maxBytes: 2 ** 21 })
    expect(grown.streams.every(({ max_bytes }) => max_bytes === 2 ** 21)).toBe(true)
  })

  test('fault 51: again puts right what an older version did to a consumer, whose service went on meanwhile', async () => {
    await applyTopology(servers, { namespace, maxBytes: 2 ** 20 })
    const settings = { servers, namespace, service: 'campaign-scheduler', clock: systemClock, log }
    const bus = await connectNats(settings)
    const heard: string[] = []
    await bus.consume(artifactRevoked, async (batch) => void heard.push(...batch.map(({ id }) => id)))
    const publisher = await connectNats({ ...settings, service: 'artifact-resolver' })
    const connection = await connect({ servers })
    const manager = await connection.jetstreamManager()
    const [stream, name] = [streamName(artifactRevoked, namespace), consumerName('campaign-scheduler', artifactRevoked)]
    const older = { max_deliver: 5, ack_wait: nanos(1_000), max_ack_pending: 1, description: 'of an older version' }
    await manager.consumers.update(stream, name, older)
    const events = [revocation('a'), revocation('b')]
    await publisher.publish(artifactRevoked, events)
    await waitUntil(() => heard.length >= 2)
    await applyTopology(servers, { namespace, maxBytes: 2 ** 20 })
    const { config } = await manager.consumers.info(stream, name)
    const wanted = topologyOf({ namespace }).consumers.find((one) => one.config.durable_name === name)
    expect(config).toMatchObject(wanted!.config)
    await publisher.publish(artifactRevoked, [revocation('c')])
    await waitUntil(() => heard.length >= 3)
    expect(heard.slice(0, 2)).toEqual(events.map(({ id }) => id))
    await Promise.all([bus.close(), publisher.close(), connection.close()])
  })

  test('makes a stream of an older retention anew once it is empty, and loses nothing that is in it', async () => {
    await applyTopology(servers, { namespace, maxBytes: 2 ** 20 })
    const connection = await connect({ servers })
    const manager = await connection.jetstreamManager()
    const wanted = topologyOf({ namespace, maxBytes: 2 ** 20 })
    const device = wanted.streams.find(({ name }) => name === streamName(deviceChanged, namespace))!
    await manager.streams.delete(device.name)
    await manager.streams.add({ ...device, retention: RetentionPolicy.Limits })
    await connection.jetstream().publish(everyKeyOf(deviceChanged, namespace).replace('*', '00'), 'an event')
    await expect(applyTopology(servers, { namespace, maxBytes: 2 ** 20 })).rejects.toThrow(/holds 1 events/)
    expect((await manager.streams.info(device.name)).state.messages).toBe(1)

    await manager.streams.purge(device.name)
    await applyTopology(servers, { namespace, maxBytes: 2 ** 20 })
    expect((await manager.streams.info(device.name)).config.retention).toBe(RetentionPolicy.Workqueue)
    await connection.close()
  })

  test('to a server that cannot do it is an error that says so', async () => {
    await expect(applyTopology(servers, { namespace, maxBytes: 2 ** 20, replicas: 3 })).rejects.toMatchObject({
      name: 'BusError',
      code: 'topology',
    })
  })

  test('late is in time for a service that waits to bind; never is a clear error', async () => {
    const settings = { servers, namespace, service: 'campaign-scheduler', clock: systemClock, log }
    const impatient = await connectNats({ ...settings, bindMs: 50 })
    await expect(impatient.consume(artifactRevoked, async () => {})).rejects.toMatchObject({ code: 'topology' })
    const patient = await connectNats({ ...settings, bindMs: 20_000 })
    const binding = patient.consume(artifactRevoked, async () => {})
    await applyTopology(servers, { namespace, maxBytes: 2 ** 20 })
    await binding
    await Promise.all([impatient.close(), patient.close()])
  })
})
