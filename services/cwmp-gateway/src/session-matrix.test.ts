import { createHash } from 'node:crypto'
import { answered } from '@sluice/contracts'
import { connectRedis } from '@sluice/hot-store'
import { systemClock } from '@sluice/runtime'
import { freshNamespace, waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { REALM } from './config.ts'
import { answerValues, createCpe, type Heard, type TestCpe } from './testing/cpe.ts'
import { openPoolingProxy, type PoolingProxy } from './testing/pooling-proxy.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { log, natsTransport } from './testing/transports.ts'
import { attemptId, committing, hint, TARGET } from './testing/upgrade-parts.ts'

/** Two replicas on Redis. In each case of the matrix a session is carried to its end, or cleanly begun anew. */
let stand: Stand
let proxy: PoolingProxy
let devices = 0
beforeAll(async () => {
  const hotStore = await connectRedis({
    url: inject('redisUrl'),
    clock: systemClock,
    log,
    keyPrefix: `${freshNamespace()}:`,
  })
  const settings = { auth: 'basic', tlsTerminated: true } as const
  stand = await openStand({ gateways: 2, transport: await natsTransport(inject('natsUrl')), hotStore, settings })
  stand.onCredential = () => answered({ kind: 'known', candidates: [{ role: 'own', username: 'cpe', ha1 }] })
  proxy = await openPoolingProxy(stand.gateways.map(({ port }) => port))
})
afterAll(async () => {
  proxy.close()
  await stand.close()
})
beforeEach(() => {
  stand.onClaim = committing()
  stand.observed.length = 0
})

const ha1 = createHash('md5').update(`cpe:${REALM}:secret`).digest('hex')
const headers = { authorization: `Basic ${Buffer.from('cpe:secret').toString('base64')}` }
let upgrades = 0

interface Device {
  readonly cpe: TestCpe
  readonly n: number
}
const inTurn = () => stand.gateways[devices++ % stand.gateways.length]!.port
async function newDevice(
  more: { port?: () => number; keepAlive?: boolean; cookies?: boolean; serial?: string } = {},
): Promise<Device> {
  const cpe = createCpe({ serial: `X${devices++}`, port: inTurn, ...more })
  const post = cpe.post.bind(cpe)
  cpe.post = (body, extra = {}) => post(body, { ...headers, ...extra })
  const n = ++upgrades
  await stand.hotStore.place([hint(cpe.deviceKey, n)])
  return { cpe, n }
}

const answer = (cpe: TestCpe, asked: Heard) =>
  cpe.say(
    'GetParameterValuesResponse',
    answerValues(asked, () => 'x'),
  )
const accept = (cpe: TestCpe) => cpe.say('DownloadResponse', '<Status>1</Status><StartTime/><CompleteTime/>')
const complete = (cpe: TestCpe, n: number) =>
  cpe.say('TransferComplete', `<CommandKey>${attemptId(n)}</CommandKey><StartTime/><CompleteTime/>`)

/** From the first empty POST of a session to its end, with a Download in it. */
async function upgrade({ cpe, n }: Device): Promise<void> {
  const download = await answer(cpe, await cpe.empty())
  expect(download.rpc).toBe('Download')
  expect(download.body).toContain(attemptId(n))
  expect((await accept(cpe)).status).toBe(204)
}

async function informAndUpgrade(device: Device): Promise<void> {
  expect((await device.cpe.inform()).status).toBe(200)
  await upgrade(device)
}

/** What has to have come of it, once: the Download answered, for this attempt. */
async function isAnsweredOnce({ n }: Device): Promise<void> {
  const answers = () =>
    stand.facts('download_answered').filter((fact) => 'attemptId' in fact && fact.attemptId === attemptId(n))
  await waitUntil(() => answers().length === 1)
}

describe('session matrix', () => {
  test('session matrix 1: one socket and its cookie: continued', async () => {
    const device = await newDevice({ port: () => stand.gateways[0]!.port })
    await informAndUpgrade(device)
    await isAnsweredOnce(device)
  })

  test('session matrix 2: a proxy pools its connections to the replicas, and many devices share them: continued', async () => {
    const fleet = await Promise.all(Array.from({ length: 6 }, () => newDevice({ port: () => proxy.port })))
    await Promise.all(fleet.map(informAndUpgrade))
    for (const device of fleet) await isAnsweredOnce(device)
  })

  test('session matrix 3: a new socket for each POST: continued', async () => {
    const device = await newDevice({ keepAlive: false })
    await informAndUpgrade(device)
    await isAnsweredOnce(device)
  })

  test('session matrix 4: another CPE comes over the same upstream socket between two POSTs: both continued', async () => {
    const [one, two] = [await newDevice({ port: () => proxy.port }), await newDevice({ port: () => proxy.port })]
    await one.cpe.inform()
    await two.cpe.inform()
    const [askedOne, askedTwo] = [await one.cpe.empty(), await two.cpe.empty()]
    const [downloadOne, downloadTwo] = [await answer(one.cpe, askedOne), await answer(two.cpe, askedTwo)]
    expect(downloadOne.body).toContain(attemptId(one.n))
    expect(downloadTwo.body).toContain(attemptId(two.n))
    await accept(one.cpe)
    await accept(two.cpe)
    await isAnsweredOnce(one)
    await isAnsweredOnce(two)
  })

  test('session matrix 5: no cookie, any replica, any connection: continued by its user name', async () => {
    const serial = `X${devices++}`
    const device = await newDevice({ cookies: false, keepAlive: false, serial })
    const post = device.cpe.post.bind(device.cpe)
    const authorization = `Basic ${Buffer.from(`00D09E-HomeBox-${serial}:secret`).toString('base64')}`
    const own = createHash('md5').update(`00D09E-HomeBox-${serial}:${REALM}:secret`).digest('hex')
    const usual = stand.onCredential
    stand.onCredential = () =>
      answered({ kind: 'known', candidates: [{ role: 'own', username: `00D09E-HomeBox-${serial}`, ha1: own }] })
    device.cpe.post = (body, extra = {}) => post(body, { ...extra, authorization })
    await informAndUpgrade(device)
    await isAnsweredOnce(device)
    stand.onCredential = usual
  })

  test('session matrix 5: a CPE that ceases to return its cookie under the same version: one session lost at most', async () => {
    const serial = `X${devices++}`
    const username = `00D09E-HomeBox-${serial}`
    const own = createHash('md5').update(`${username}:${REALM}:secret`).digest('hex')
    const usual = stand.onCredential
    stand.onCredential = () => answered({ kind: 'known', candidates: [{ role: 'own', username, ha1: own }] })
    const authorization = `Basic ${Buffer.from(`${username}:secret`).toString('base64')}`
    const returning = createCpe({ serial, port: inTurn })
    await returning.inform({ headers: { authorization } })
    await returning.empty()
    await returning.inform({ headers: { authorization } })
    await returning.empty()
    const device = await newDevice({ serial, cookies: false, keepAlive: false })
    const post = device.cpe.post.bind(device.cpe)
    device.cpe.post = (body, extra = {}) => post(body, { ...extra, authorization })
    await device.cpe.inform()
    await device.cpe.empty()
    await informAndUpgrade(device)
    await isAnsweredOnce(device)
    stand.onCredential = usual
  })

  test('session matrix 6: the Inform again on the same socket: begun anew, and carried on', async () => {
    const device = await newDevice({ port: () => stand.gateways[0]!.port })
    await device.cpe.inform()
    await informAndUpgrade(device)
    await isAnsweredOnce(device)
  })

  test('session matrix 6: the Inform again on a new socket at another replica, without its cookie: begun anew', async () => {
    const device = await newDevice({ keepAlive: false })
    await device.cpe.inform()
    await device.cpe.empty()
    device.cpe.cookie = null
    await informAndUpgrade(device)
    await isAnsweredOnce(device)
  })

  test('session matrix 9: TransferComplete in the session of its Download: answered, once each time it comes', async () => {
    const device = await newDevice()
    await informAndUpgrade(device)
    expect((await complete(device.cpe, device.n)).rpc).toBe('TransferCompleteResponse')
    expect((await complete(device.cpe, device.n)).rpc).toBe('TransferCompleteResponse')
    await waitUntil(() => stand.facts('transfer_completed').length === 2)
  })

  test('session matrix 9: TransferComplete before the answer to its Download: both taken', async () => {
    const device = await newDevice()
    const { cpe, n } = device
    await cpe.inform()
    expect((await answer(cpe, await cpe.empty())).rpc).toBe('Download')
    expect((await complete(cpe, n)).rpc).toBe('TransferCompleteResponse')
    expect((await accept(cpe)).status).toBe(204)
    await isAnsweredOnce(device)
  })

  test('session matrix 8: another replica at each request: continued', async () => {
    let turn = 0
    const device = await newDevice({ port: () => stand.gateways[turn++ % 2]!.port })
    await informAndUpgrade(device)
    await isAnsweredOnce(device)
    expect((await device.cpe.inform({ version: TARGET })).status).toBe(200)
    expect((await device.cpe.empty()).rpc).toBe('GetParameterValues')
  })

  test('session matrix 7: a replica is gone between two POSTs: continued at the other', async () => {
    const spare = await stand.open()
    let { port } = spare
    const device = await newDevice({ port: () => port, keepAlive: false })
    await device.cpe.inform()
    const asked = await device.cpe.empty()
    await spare.stop()
    ;(stand.gateways as unknown[]).splice(stand.gateways.indexOf(spare), 1)
    port = stand.gateways[0]!.port
    expect((await answer(device.cpe, asked)).rpc).toBe('Download')
    await accept(device.cpe)
    await isAnsweredOnce(device)
  })

  test('session matrix 7: a replica is gone with a Download under way: begun anew, asked after, not sent again', async () => {
    const device = await newDevice()
    const { cpe, n } = device
    await cpe.inform()
    expect((await answer(cpe, await cpe.empty())).rpc).toBe('Download')
    // Its answer was never heard; the device comes again.
    cpe.cookie = null
    await cpe.inform()
    expect((await cpe.empty()).rpc).toBe('GetAllQueuedTransfers')
    await waitUntil(() => stand.facts('download_unanswered').length === 1)
    expect(stand.facts('download_unanswered')).toMatchObject([{ attemptId: attemptId(n) }])
  })
})
