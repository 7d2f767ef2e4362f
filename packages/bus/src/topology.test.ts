import { EVENTS, artifactRevoked, REQUESTS } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { freshNamespace } from '@sluice/testbed'
import { connect } from 'nats'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { applyTopology } from './apply-topology.ts'
import { everyKeyOf, requestSubject } from './message-subject.ts'
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
