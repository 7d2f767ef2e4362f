import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { applyTopology, connectNats } from '@sluice/bus'
import { fleetTaskList } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { freshDatabase, waitUntil } from '@sluice/testbed'
import { afterEach, expect, inject, test } from 'vitest'

let child: ChildProcess | undefined
afterEach(() => child?.kill('SIGKILL'))

test('alone in a process it serves over NATS, and SIGTERM ends it in order', async () => {
  const servers = inject('natsUrl')
  await applyTopology(servers)
  child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url))], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      SLUICE_NATS_URL: servers,
      SLUICE_POSTGRES_URL: await freshDatabase(inject('postgresUrl')),
      SLUICE_SEAL_KEY: 'ab'.repeat(32),
      SLUICE_ADMIN_PORT: '0',
      SLUICE_LOG_LEVEL: 'warn',
    },
    stdio: 'inherit',
  })
  const log = createLog({ service: 'test', level: 'silent' })
  const bus = await connectNats({ servers, service: 'operator-api', clock: systemClock, log })
  await waitUntil(async () => (await bus.request(fleetTaskList, { limit: 1 })).ok, { deadlineMs: 60_000 })
  expect(await bus.request(fleetTaskList, { limit: 1 })).toEqual({ ok: true, data: { items: [], next: null } })
  await bus.close()

  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
