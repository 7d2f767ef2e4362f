import { deviceKeyOf, type Placement } from '@sluice/contracts'
import { connectRedis } from '@sluice/hot-store'
import { systemClock } from '@sluice/runtime'
import { startNats, startRedis, type TestServer, waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { askRedis, watchRedis } from './testing/ask-redis.ts'
import { answerValues, createCpe, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { log, natsTransport } from './testing/transports.ts'
import { attemptId, committing, hint, TARGET, watchOf } from './testing/upgrade-parts.ts'

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

test('fault 52: while Redis loads what it had every POST is 503, nothing is paged into it, and it is filled again once it has loaded', async () => {
  const own = await startRedis({ 'key-load-delay': '200' })
  let pages = 0
  const beforePage = async () => void (pages += 1)
  const hotStore = await connectRedis({ url: own.url, clock: systemClock, log })
  const placements = [hint(cpe.deviceKey)]
  const other = await openStand({ transport: await natsTransport(nats.url), hotStore, placements, beforePage })
  const mine = createCpe({ serial: 'loading', port: () => other.gateways[0]!.port })
  expect((await mine.inform()).status).toBe(200)
  await askRedis(own.url, `EVAL "for i = 1, 150000 do redis.call('SET', 'filler:' .. i, 'x') end" 0`)
  await own.kill()
  const back = own.restart()
  const isLoading = async () => (await askRedis(own.url, 'INFO persistence')).includes('loading:1')
  await waitUntil(isLoading)
  pages = 0
  for (let looks = 0; looks < 4; looks += 1) {
    for (const heard of [await mine.inform(), await mine.empty(), await mine.post('not even XML')]) {
      expect([heard.status, heard.body, heard.headers['retry-after']]).toEqual([503, '', '30'])
    }
    await systemClock.sleep(250)
  }
  expect([await isLoading(), pages]).toEqual([true, 0])
  await askRedis(own.url, 'CONFIG SET key-load-delay 0')
  await back
  await waitUntil(async () => (await mine.inform()).status === 200)
  expect(pages).toBeGreaterThan(0)
  mine.close()
  await other.close()
  await own.stop()
})

test('fault 52: a session that Redis dropped in its middle to make room is over; the device begins anew, and is watched as before', async () => {
  const own = await startRedis({ 'maxmemory-policy': 'volatile-ttl' })
  const hotStore = await connectRedis({ url: own.url, clock: systemClock, log, deadlineMs: 2_000 })
  const mine = createCpe({ serial: 'evicted', port: () => other.gateways[0]!.port })
  const { deviceKey } = mine
  const placements: Placement[] = [hint(deviceKey)]
  const other = await openStand({ transport: await natsTransport(nats.url), hotStore, placements })
  const commit = committing()
  other.onClaim = (input) => {
    // From then on the scheduler has a watch to tell of, and no hint.
    placements.splice(0, 1, { op: 'put_watch', deviceKey, watch: watchOf() })
    return commit(input)
  }
  await mine.inform()
  const asked = await mine.empty()
  const settings = answerValues(asked, () => 'x')
  expect((await mine.say('GetParameterValuesResponse', settings)).rpc).toBe('Download')

  await askRedis(own.url, 'CONFIG SET maxmemory 1')
  await waitUntil(async () => !(await askRedis(own.url, `KEYS sluice:{${deviceKey}}*`)).includes(deviceKey))
  await askRedis(own.url, 'CONFIG SET maxmemory 0')
  const answer = await mine.say('DownloadResponse', '<Status>1</Status><StartTime/><CompleteTime/>')
  // Without SOAP, either way: it has to begin anew.
  expect([[400, 503].includes(answer.status), answer.rpc]).toEqual([true, ''])
  await waitUntil(async () => {
    await mine.inform({ version: TARGET })
    return other.facts('informed').length > 0
  })
  expect((await mine.empty()).rpc).not.toBe('Download')
  expect(other.claims).toHaveLength(1)
  mine.close()
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
