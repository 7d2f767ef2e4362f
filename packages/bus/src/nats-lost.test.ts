import { artifactRevoked } from '@sluice/contracts'
import { type Clock, createLog, systemClock } from '@sluice/runtime'
import { freshNamespace, waitUntil } from '@sluice/testbed'
import { expect, inject, test } from 'vitest'
import { applyTopology } from './apply-topology.ts'
import { revocation } from './bus.suite.ts'
import { connectNats } from './nats-bus.ts'
import { openNatsLink } from './nats-link.ts'

const log = createLog({ service: 'test', level: 'silent' })

test('a consumer that ended by itself is told of, and the bus is down from then on', async () => {
  const servers = inject('natsUrl')
  const namespace = freshNamespace()
  await applyTopology(servers, { namespace, maxBytes: 8 * 1024 ** 2 })
  const lost: unknown[] = []
  const common = { servers, namespace, log, onLost: (error: unknown) => void lost.push(error) }
  const publisher = await connectNats({ ...common, service: 'artifact-resolver', clock: systemClock })
  // The loop itself breaks, not what it calls.
  const brokenClock: Clock = {
    ...systemClock,
    after(ms, run) {
      if (ms < 20) throw new Error('no clock')
      return systemClock.after(ms, run)
    },
  }
  const consumer = await connectNats({ ...common, service: 'campaign-scheduler', clock: brokenClock })
  await consumer.consume(artifactRevoked, async () => {})
  expect(consumer.status()).toBe('up')
  await publisher.publish(artifactRevoked, [revocation('x')])
  await waitUntil(() => lost.length > 0)
  expect(String(lost[0])).toContain('no clock')
  expect([consumer.status(), publisher.status()]).toEqual(['down', 'up'])
  await Promise.all([consumer.close(), publisher.close()])
  expect(lost).toHaveLength(1)
})

test('a connection that was given up is told of, one that we closed is not', async () => {
  const lost: unknown[] = []
  const settings = { servers: inject('natsUrl'), service: 'x', clock: systemClock, log }
  const open = () => openNatsLink({ ...settings, onLost: (error) => void lost.push(error) })
  const [ours, theirs] = [await open(), await open()]
  await ours.close()
  await theirs.connection.close()
  await waitUntil(() => lost.length > 0)
  expect(lost).toMatchObject([{ code: 'closed' }])
  expect(theirs.isUp()).toBe(false)
})
