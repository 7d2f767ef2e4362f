import { execFile } from 'node:child_process'
import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { artifactRevoked } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { startNats, waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { applyTopology } from './apply-topology.ts'
import { QUICK_RETRIES, revocation } from './bus.suite.ts'
import { connectNats } from './nats-bus.ts'

const run = promisify(execFile)
const NO_RIGHTS = 'mounting a small file system needs rights that this process lacks'
const log = createLog({ service: 'test', level: 'silent' })

test('fault 58: a NATS whose disk is full acknowledges nothing that it does not keep, and once it was started again with room, all go on', async ({
  skip,
}) => {
  const server = await startNats()
  const disk = join(server.directory, 'jetstream')
  await server.kill()
  await mkdir(disk, { recursive: true })
  // What it may keep in all it measures at its start.
  const mount = run('mount', ['-t', 'tmpfs', '-o', 'size=1g', 'sluice-test', disk])
  const isMounted = await mount.then(() => true).catch(() => false)
  try {
    if (!isMounted) return skip(NO_RIGHTS)
    await server.restart()
    await applyTopology(server.url, { maxBytes: 64 * 1024 ** 2 })
    const settings = { servers: server.url, clock: systemClock, log, retries: QUICK_RETRIES, publishMs: 1_500 }
    const publisher = await connectNats({ ...settings, service: 'artifact-resolver' })
    const consumer = await connectNats({ ...settings, service: 'campaign-scheduler' })
    const { blocks, bfree, bsize } = await statfs(disk)
    await run('mount', ['-o', `remount,size=${(blocks - bfree) * bsize + 1024 ** 2}`, disk])

    const kept: string[] = []
    const failed: unknown[] = []
    for (let batches = 0; failed.length === 0 && batches < 1_000; batches += 1) {
      const events = Array.from({ length: 50 }, () => {
        const event = revocation('full')
        return { ...event, data: { ...event.data, reason: 'x'.repeat(500) } }
      })
      await publisher.publish(artifactRevoked, events).then(
        () => kept.push(...events.map(({ id }) => id)),
        (error: unknown) => failed.push(error),
      )
    }
    expect(failed).toMatchObject([{ code: 'unavailable' }])
    await expect(publisher.publish(artifactRevoked, [revocation('still full')])).rejects.toMatchObject({
      code: 'unavailable',
    })
    await run('mount', ['-o', 'remount,size=1g', disk])
    await server.kill()
    await server.restart()

    const heard = new Set<string>()
    await consumer.consume(artifactRevoked, async (batch) => batch.forEach(({ id }) => heard.add(id)))
    const last = revocation('last')
    await waitUntil(() => publisher.publish(artifactRevoked, [last]).then(() => true))
    await waitUntil(() => [...kept, last.id].every((id) => heard.has(id)), {
      deadlineMs: 60_000,
      describe: () => `${heard.size} of ${kept.length + 1} heard`,
    })
    await Promise.all([publisher.close(), consumer.close()])
  } finally {
    await server.kill()
    if (isMounted) await run('umount', [disk])
    await server.stop()
  }
}, 150_000)
