import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { artifactRevoked } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { type TestServer, startNats, waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { applyTopology } from './apply-topology.ts'
import { QUICK_RETRIES, revocation } from './bus.suite.ts'
import type { Bus } from './bus.ts'
import { connectNats } from './nats-bus.ts'

const log = createLog({ service: 'test', level: 'silent' })
let server: TestServer
let publisher: Bus
let consumer: Bus

beforeAll(async () => {
  server = await startNats()
  await applyTopology(server.url, { maxBytes: 8 * 1024 ** 2 })
  const settings = { servers: server.url, clock: systemClock, log, retries: QUICK_RETRIES }
  publisher = await connectNats({ ...settings, service: 'artifact-resolver' })
  consumer = await connectNats({ ...settings, service: 'campaign-scheduler' })
})
afterAll(async () => {
  await Promise.all([publisher.close(), consumer.close()])
  await server.stop()
})

async function job(...args: string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, 'dead-letters.main.ts'), ...args],
    {
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        SLUICE_NATS_URL: server.url,
      },
    },
  )
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
const saying = (lines: Record<string, unknown>[], event: string) => lines.filter((line) => line['event'] === event)

test('the job lists dead letters with their reasons, and replays them to a handler that was mended', async () => {
  let broken = true
  const handled: string[] = []
  await consumer.consume(artifactRevoked, async (batch) => {
    if (broken) throw new Error('a defect')
    handled.push(...batch.map(({ id }) => id))
  })
  const event = revocation('x')
  await publisher.publish(artifactRevoked, [event])
  await waitUntil(async () => saying(await job('--list'), 'dead_letter.found').length === 1)
  expect(saying(await job('--list', '--service', 'campaign-scheduler'), 'dead_letter.found')).toMatchObject([
    { event_name: 'artifact.revoked', event_id: event.id, reason: expect.stringContaining('a defect') as string },
  ])
  expect(saying(await job('--replay', '--service', 'device-registry'), 'dead_letters.replayed')).toMatchObject([
    { count: 0 },
  ])

  broken = false
  expect(saying(await job('--replay'), 'dead_letters.replayed')).toMatchObject([{ count: 1 }])
  await waitUntil(() => handled.length > 0)
  expect(handled).toEqual([event.id])
  expect(saying(await job('--list'), 'dead_letters.listed')).toMatchObject([{ count: 0 }])
}, 180_000)
