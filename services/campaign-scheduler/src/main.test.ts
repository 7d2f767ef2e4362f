import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { applyTopology, connectNats } from '@sluice/bus'
import { campaignList } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { freePort, freshDatabase, waitUntil } from '@sluice/testbed'
import { afterEach, expect, inject, test } from 'vitest'

let child: ChildProcess | undefined
afterEach(() => child?.kill('SIGKILL'))

test('alone in a process it serves over NATS, shows its figures, and SIGTERM ends it in order', async () => {
  const servers = inject('natsUrl')
  await applyTopology(servers)
  const adminPort = await freePort()
  child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url))], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      SLUICE_NATS_URL: servers,
      SLUICE_POSTGRES_URL: await freshDatabase(inject('postgresUrl')),
      SLUICE_ADMIN_PORT: `${adminPort}`,
      SLUICE_LOG_LEVEL: 'warn',
    },
    stdio: 'inherit',
  })
  const log = createLog({ service: 'test', level: 'silent' })
  const bus = await connectNats({ servers, service: 'operator-api', clock: systemClock, log })
  await waitUntil(async () => (await bus.request(campaignList, { limit: 1 })).ok, { deadlineMs: 60_000 })
  expect(await bus.request(campaignList, { limit: 1 })).toEqual({ ok: true, data: { items: [], next: null } })
  await bus.close()
  const figures = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  expect(figures).toMatch(/^sluice_outbox_refused\{[^}]*service="campaign-scheduler"[^}]*\} 0$/m)
  expect(figures).toMatch(/^sluice_scheduler_campaigns_owned(\{[^}]*\})? 0$/m)

  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
