import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { applyTopology, connectNats } from '@sluice/bus'
import { answered, attemptObserved, placementList, upgradeClaim } from '@sluice/contracts'
import { systemClock } from '@sluice/runtime'
import { startNats, startRedis, waitUntil } from '@sluice/testbed'
import { afterEach, expect, test } from 'vitest'
import { answerValues, createCpe } from './testing/cpe.ts'
import { beginPost, untilRefused } from './testing/slow-post.ts'
import { log } from './testing/transports.ts'
import { committing, hint } from './testing/upgrade-parts.ts'

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

/** In a lab, and listening. */
async function startGateway(natsUrl: string, redisUrl: string) {
  const { child, said, ended } = start({
    SLUICE_NATS_URL: natsUrl,
    SLUICE_REDIS_URL: redisUrl,
    SLUICE_CWMP_PORT: '0',
    SLUICE_ADMIN_PORT: '0',
    SLUICE_CWMP_AUTH: 'none',
    SLUICE_CWMP_DRAIN_DELAY_MS: '50',
    SLUICE_CWMP_NONCE_SECRET: 'a secret of sixteen',
    SLUICE_SNAPSHOT_KEY: 'a key of sixteen bytes',
  })
  await waitUntil(() => said.out.includes('process.started'), {
    deadlineMs: 40_000,
    describe: () => said.out + said.err,
  })
  return { child, ended, port: Number(/"port":(\d+),"auth"/.exec(said.out)?.[1] ?? 0) }
}

test('alone against NATS and Redis it serves a CPE, and SIGTERM ends it in order', async () => {
  const [nats, redis] = await Promise.all([startNats(), startRedis()])
  await applyTopology(nats.url)
  const scheduler = await connectNats({ servers: nats.url, service: 'campaign-scheduler', clock: systemClock, log })
  await scheduler.serve(placementList, async (batch) => batch.map(() => answered({ items: [], next: null })))
  const { child, ended, port } = await startGateway(nats.url, redis.url)
  const cpe = createCpe({ serial: 'M1', port: () => port })
  expect((await cpe.inform()).rpc).toBe('InformResponse')
  expect((await cpe.empty()).status).toBe(204)
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  cpe.close()
  await scheduler.close()
  await Promise.all([nats.stop(), redis.stop()])
})

test('fault 55: SIGTERM while a device is in mid-sentence: it hears when to come again, nobody new is let in, the process ends in order, and the session goes on elsewhere', async () => {
  const [nats, redis] = await Promise.all([startNats(), startRedis()])
  await applyTopology(nats.url)
  let port = 0
  const cpe = createCpe({ serial: 'M2', port: () => port })
  const scheduler = await connectNats({ servers: nats.url, service: 'campaign-scheduler', clock: systemClock, log })
  const items = [hint(cpe.deviceKey)]
  await scheduler.serve(placementList, async (batch) => batch.map(() => answered({ items, next: null })))
  const commit = committing()
  let claims = 0
  await scheduler.serve(upgradeClaim, async (batch) => {
    claims += batch.length
    return batch.map(({ input }) => commit(input))
  })
  const facts: string[] = []
  await scheduler.consume(attemptObserved, async (batch) => {
    facts.push(...batch.flatMap(({ data }) => data.items.map(({ fact }) => fact.kind)))
  })
  const [leaving, staying] = [await startGateway(nats.url, redis.url), await startGateway(nats.url, redis.url)]
  port = leaving.port
  await cpe.inform()
  const question = await cpe.empty()
  const values = answerValues(question, () => 'x')

  const sentence = await beginPost(leaving.port, 100)
  leaving.child.kill('SIGTERM')
  await untilRefused(leaving.port)
  sentence.end('x'.repeat(100))
  const [heard] = (await once(sentence, 'response')) as [IncomingMessage]
  expect([heard.statusCode, heard.headers['retry-after']]).toEqual([503, '30'])
  expect(await leaving.ended).toBe(0)

  port = staying.port
  expect((await cpe.say('GetParameterValuesResponse', values)).rpc).toBe('Download')
  const done = await cpe.say('DownloadResponse', '<Status>1</Status><StartTime/><CompleteTime/>')
  expect(done.status).toBe(204)
  await waitUntil(() => facts.includes('download_answered'))
  expect(claims).toBe(1)
  staying.child.kill('SIGTERM')
  expect(await staying.ended).toBe(0)
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
