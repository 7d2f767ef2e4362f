import { deviceKeyOf } from '@sluice/contracts'
import { connectRedis } from '@sluice/hot-store'
import { systemClock } from '@sluice/runtime'
import { startNats, startRedis, type TestServer, waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { askRedis, watchRedis } from './testing/ask-redis.ts'
import { answerValues, createCpe, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { log, natsTransport } from './testing/transports.ts'
import { attemptId, committing, hint } from './testing/upgrade-parts.ts'

let nats: TestServer
let redis: TestServer
let stand: Stand
let cpe: TestCpe

beforeAll(async () => {
  ;[nats, redis] = await Promise.all([startNats(), startRedis()])
})
afterAll(async () => {
  await Promise.all([nats.stop(), redis.stop()])
})
beforeEach(async (context) => {
  const hotStore = await connectRedis({ url: redis.url, clock: systemClock, log, deadlineMs: 2_000 })
  cpe = createCpe({ serial: `S${context.task.id}`.replace(/\W/g, ''), port: () => stand.gateways[0]!.port })
  stand = await openStand({
    transport: await natsTransport(nats.url, 500),
    hotStore,
    placements: [hint(cpe.deviceKey)],
  })
  stand.onClaim = committing()
})
afterEach(async () => {
  cpe.close()
  await stand.close()
})

const isServed = async () => (await cpe.inform()).status === 200
const completed = `<CommandKey>${attemptId(1)}</CommandKey><StartTime/><CompleteTime/>`

test('while Redis is away every POST is 503 with Retry-After, and served when it is back', async () => {
  await cpe.inform()
  await redis.kill()
  // Before parsing: what is no XML at all is not even looked at.
  const stranger = createCpe({ serial: 'stranger', port: () => stand.gateways[0]!.port })
  expect((await stranger.post('not even XML')).status).toBe(503)
  stranger.close()
  const said = [await cpe.inform(), await cpe.empty(), await cpe.say('TransferComplete', completed)]
  for (const heard of said) {
    expect([heard.status, heard.body, heard.headers['retry-after']]).toEqual([503, '', '30'])
  }
  await redis.restart()
  await waitUntil(isServed)
})

test('while NATS is away every POST is 503, and no TransferComplete is lost', async () => {
  await cpe.inform()
  await nats.kill()
  const heard = [await cpe.say('TransferComplete', completed), await cpe.inform(), await cpe.post('not even XML')]
  expect(heard.map(({ status, body }) => [status, body])).toEqual([
    [503, ''],
    [503, ''],
    [503, ''],
  ])
  await nats.restart()
  await waitUntil(isServed, { deadlineMs: 20_000 })
  expect((await cpe.say('TransferComplete', completed)).rpc).toBe('TransferCompleteResponse')
  await waitUntil(() => stand.facts('transfer_completed').length > 0)
})

test('a hot store that lost its memory admits nobody until what was placed is back', async () => {
  await waitUntil(isServed)
  await askRedis(redis.url, 'FLUSHALL')
  const heard: number[] = []
  await waitUntil(async () => {
    heard.push((await cpe.inform()).status)
    const asked = await cpe.empty()
    if (asked.rpc !== 'GetParameterValues') return false
    return (
      (
        await cpe.say(
          'GetParameterValuesResponse',
          answerValues(asked, () => 'x'),
        )
      ).rpc === 'Download'
    )
  })
  expect(stand.claims).toHaveLength(1)
})

test('a hot store that forgets while it is restored is restored from the beginning', async () => {
  const own = await startRedis()
  const deviceKeys = Array.from({ length: 1_200 }, (_, i) =>
    deviceKeyOf({ oui: '00D09E', productClass: 'X', serialNumber: String(i) }),
  )
  const placements = deviceKeys.map((deviceKey) => hint(deviceKey))
  let hasForgotten = false
  const beforePage = async (from: number) => {
    if (from === 0 || hasForgotten) return
    hasForgotten = true
    await askRedis(own.url, 'FLUSHALL')
  }
  const hotStore = await connectRedis({ url: own.url, clock: systemClock, log })
  const other = await openStand({ transport: await natsTransport(nats.url), hotStore, placements, beforePage })
  const sample = { deviceKey: deviceKeys[0]!, token: 't' }
  const [opened] = await hotStore.open([{ key: sample, state: '', ttlMs: 1_000, version: null }])
  expect([hasForgotten, opened!.record.tasks.length]).toEqual([true, 1])
  await other.close()
  await own.stop()
})

test('an idle session costs one script of Redis per POST', async () => {
  const other = createCpe({ serial: 'idle', port: () => stand.gateways[0]!.port })
  await other.inform()
  await other.empty()
  const commands = await watchRedis(redis.url)
  await other.inform()
  expect((await other.empty()).status).toBe(204)
  // Whether placements were restored is asked by the clock, not for a session.
  const scripts = (await commands()).filter((line) => /"eval(sha)?"/i.test(line) && !line.includes('{restore}'))
  expect(scripts).toHaveLength(2)
  other.close()
})
