import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { applyTopology, connectNats } from '@sluice/bus'
import { answered, placementList } from '@sluice/contracts'
import { systemClock } from '@sluice/runtime'
import { startNats, startRedis, waitUntil } from '@sluice/testbed'
import { afterEach, expect, test } from 'vitest'
import { createCpe } from './testing/cpe.ts'
import { log } from './testing/transports.ts'

const children: ChildProcess[] = []
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')))

function start(env: Record<string, string>) {
  const child = spawn(process.execPath, [`${import.meta.dirname}/main.ts`], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
  })
  children.push(child)
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()))
  return { child, said, ended: once(child, 'exit').then(([code]) => code as number | null) }
}

test('alone against NATS and Redis it serves a CPE, and SIGTERM ends it in order', async () => {
  const [nats, redis] = await Promise.all([startNats(), startRedis()])
  await applyTopology(nats.url)
  const scheduler = await connectNats({ servers: nats.url, service: 'campaign-scheduler', clock: systemClock, log })
  await scheduler.serve(placementList, async (batch) => batch.map(() => answered({ items: [], next: null })))
  const { child, said, ended } = start({
    SLUICE_NATS_URL: nats.url,
    SLUICE_REDIS_URL: redis.url,
    SLUICE_CWMP_PORT: '0',
    SLUICE_ADMIN_PORT: '0',
    SLUICE_CWMP_AUTH: 'none',
    SLUICE_CWMP_DRAIN_DELAY_MS: '50',
    SLUICE_CWMP_NONCE_SECRET: 'a secret of sixteen',
    SLUICE_SNAPSHOT_KEY: 'a key of sixteen bytes',
  })
  const portOf = () => Number(/"port":(\d+),"auth"/.exec(said.out)?.[1] ?? 0)
  await waitUntil(() => said.out.includes('process.started'), {
    deadlineMs: 40_000,
    describe: () => said.out + said.err,
  })
  const cpe = createCpe({ serial: 'M1', port: portOf })
  expect((await cpe.inform()).rpc).toBe('InformResponse')
  expect((await cpe.empty()).status).toBe(204)
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  cpe.close()
  await scheduler.close()
  await Promise.all([nats.stop(), redis.stop()])
})

test('settings that contradict each other end it with 1, and are told', async () => {
  const [nats, redis] = await Promise.all([startNats(), startRedis()])
  const { said, ended } = start({
    SLUICE_NATS_URL: nats.url,
    SLUICE_REDIS_URL: redis.url,
    SLUICE_ADMIN_PORT: '0',
    SLUICE_CWMP_AUTH: 'basic',
    SLUICE_CWMP_NONCE_SECRET: 'a secret of sixteen',
    SLUICE_SNAPSHOT_KEY: 'a key of sixteen bytes',
  })
  expect(await ended).toBe(1)
  expect(said.out + said.err).toContain('basic sends passwords in the clear')
  await Promise.all([nats.stop(), redis.stop()])
})

test('wrong settings are told one line each, without the secrets, and end it with 1', async () => {
  const { said, ended } = start({
    SLUICE_NATS_URL: 'nats://127.0.0.1:1',
    SLUICE_REDIS_URL: 'redis://127.0.0.1:1',
    SLUICE_CWMP_AUTH: 'perhaps',
    SLUICE_CWMP_NONCE_SECRET: 'short-secret',
  })
  expect(await ended).toBe(1)
  const names = said.err
    .trim()
    .split('\n')
    .map((line) => line.split(':')[0])
  expect(names).toEqual(['SLUICE_CWMP_AUTH', 'SLUICE_CWMP_NONCE_SECRET', 'SLUICE_SNAPSHOT_KEY'])
  expect(said.err).not.toContain('short-secret')
})
