import { deviceKeyOf, deviceWake } from '@sluice/contracts'
import { findProsody, startProsody, waitUntil } from '@sluice/testbed'
import { client } from '@xmpp/client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { DeviceWakerSettings } from './device-waker.ts'
import { digestFits, type RawAnswer, type RawRequest, startRawCpe } from './testing/raw-cpe.ts'
import { openHub, startWaker } from './testing/started-waker.ts'
import { startUdpPeer } from './testing/udp-peer.ts'

const closing: (() => Promise<unknown>)[] = []
let house: Awaited<ReturnType<typeof openHub>>
beforeAll(async () => {
  house = await openHub()
})
afterAll(() => house.close())
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const keyOf = (serialNumber: string) => deviceKeyOf({ oui: '00D09E', productClass: 'RG', serialNumber })
const deviceKey = keyOf('SN-1')
const credentials = { username: 'acs', password: 'secret' }
const OK: RawAnswer = { text: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' }
const BUSY: RawAnswer = { text: 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n', close: true }

const start = (more: Partial<DeviceWakerSettings> = {}) => startWaker(house, more, closing)

async function startCpe(answer: (request: RawRequest, index: number) => RawAnswer) {
  let index = 0
  const cpe = await startRawCpe((request) => answer(request, index++))
  closing.push(() => cpe.stop())
  return { ...cpe, requests: cpe.requests, url: `http://127.0.0.1:${cpe.port}/cr?k=1` }
}

const peer = async () => {
  const one = await startUdpPeer()
  closing.push(() => one.stop())
  return one
}

describe('a wish to wake a device', () => {
  test('is queued at once, and its end is told', async () => {
    const waker = await start()
    const cpe = await startCpe((request) =>
      digestFits(request, { ...credentials, realm: 'r', nonce: 'n' })
        ? OK
        : {
            text: 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", qop="auth", nonce="n"\r\nContent-Length: 0\r\n\r\n',
          },
    )
    waker.reaches.set(deviceKey, { connectionRequestUrl: cpe.url, ...credentials })
    expect(await waker.asker.request(deviceWake, { deviceKey })).toEqual({ ok: true, data: { kind: 'queued' } })
    await waitUntil(() => waker.woken.length > 0)
    expect(waker.woken).toMatchObject([{ deviceKey, outcome: 'accepted', by: 'http', attempts: 1 }])
  })

  test('3.2.2.1: a busy device is asked again, and every time it is told', async () => {
    const waker = await start()
    const cpe = await startCpe((_request, index) => (index === 0 ? BUSY : OK))
    waker.reaches.set(deviceKey, { connectionRequestUrl: cpe.url })
    await waker.asker.request(deviceWake, { deviceKey })
    await waitUntil(() => waker.woken.length === 2)
    expect(waker.woken.map(({ outcome, attempts }) => [outcome, attempts])).toEqual([
      ['busy', 1],
      ['accepted', 2],
    ])
  })

  test('is refused where too many wait', async () => {
    const waker = await start({ maxQueued: 1 })
    const cpe = await startCpe(() => null)
    waker.reaches.set(deviceKey, { connectionRequestUrl: cpe.url })
    await waker.asker.request(deviceWake, { deviceKey })
    const second = await waker.asker.request(deviceWake, { deviceKey: keyOf('SN-2') })
    expect(second).toEqual({ ok: true, data: { kind: 'overloaded' } })
    await cpe.stop()
    closing.splice(closing.length - 1)
  })

  test.each([
    ['a device nobody knows', null, 'no_address'],
    ['a device without any address', {}, 'no_address'],
    ['an https URL (3.2.2.2)', { connectionRequestUrl: 'https://127.0.0.1/' }, 'refused_address'],
    [
      'bad input 42: a URL of cloud metadata',
      { connectionRequestUrl: 'http://169.254.169.254/latest/meta-data' },
      'refused_address',
    ],
    ['bad input 42: port 0', { connectionRequestUrl: 'http://127.0.0.1:0/' }, 'refused_address'],
    [
      'bad input 42: another subscriber’s private address',
      { connectionRequestUrl: 'http://192.168.1.1/' },
      'refused_address',
    ],
    [
      'bad input 42: a UDP address of ours',
      { udpConnectionRequestAddress: '10.0.0.1:53', ...credentials },
      'refused_address',
    ],
  ] as const)('%s', async (_name, reach, outcome) => {
    const waker = await start()
    if (reach !== null) waker.reaches.set(deviceKey, reach)
    await waker.asker.request(deviceWake, { deviceKey })
    await waitUntil(() => waker.woken.length > 0)
    expect(waker.woken[0]?.outcome).toBe(outcome)
  })

  test('bad input 42: loopback is refused where no lab names it', async () => {
    const waker = await start({ labNetworks: '' })
    const cpe = await startCpe(() => OK)
    waker.reaches.set(deviceKey, { connectionRequestUrl: cpe.url })
    await waker.asker.request(deviceWake, { deviceKey })
    await waitUntil(() => waker.woken.length > 0)
    expect(waker.woken[0]?.outcome).toBe('refused_address')
    expect(cpe.requests).toHaveLength(0)
  })
})

describe('of several ways', () => {
  test('reach 2: where HTTP finds nobody, UDP is sent from the STUN port', async () => {
    const waker = await start()
    const udp = await peer()
    const gone = await startCpe(() => OK)
    await gone.stop()
    closing.pop()
    closing.push(async () => undefined)
    waker.reaches.set(deviceKey, {
      connectionRequestUrl: gone.url,
      udpConnectionRequestAddress: `127.0.0.1:${udp.port}`,
      ...credentials,
    })
    await waker.asker.request(deviceWake, { deviceKey })
    await waitUntil(() => waker.woken.length > 0)
    expect(waker.woken[0]).toMatchObject({ outcome: 'asked', by: 'udp' })
    expect(udp.received[0]?.toString()).toMatch(/^GET http:/)
    expect(udp.sources).toEqual([waker.stunPort, waker.stunPort, waker.stunPort])
  })

  test('a device behind a NAT is not asked by HTTP while there is another way', async () => {
    const waker = await start()
    const udp = await peer()
    const cpe = await startCpe(() => OK)
    const reach = { natDetected: true, connectionRequestUrl: cpe.url, ...credentials }
    waker.reaches.set(deviceKey, { ...reach, udpConnectionRequestAddress: `127.0.0.1:${udp.port}` })
    waker.reaches.set(keyOf('SN-2'), reach)
    await waker.asker.request(deviceWake, { deviceKey })
    await waitUntil(() => waker.woken.length === 1)
    expect(waker.woken[0]?.by).toBe('udp')
    await waker.asker.request(deviceWake, { deviceKey: keyOf('SN-2') })
    await waitUntil(() => waker.woken.length === 2)
    expect(waker.woken[1]).toMatchObject({ by: 'http', outcome: 'accepted' })
  })

  test('who refuses us on an address that may be another’s by now is asked by UDP too', async () => {
    const waker = await start()
    const udp = await peer()
    const cpe = await startCpe(() => ({ text: 'HTTP/1.1 403 Forbidden\r\n\r\n', close: true }))
    waker.reaches.set(deviceKey, {
      connectionRequestUrl: cpe.url,
      udpConnectionRequestAddress: `127.0.0.1:${udp.port}`,
      ...credentials,
    })
    await waker.asker.request(deviceWake, { deviceKey })
    await waitUntil(() => waker.woken.length === 1)
    expect(waker.woken[0]).toMatchObject({ outcome: 'asked', by: 'udp' })
  })
})

if (findProsody() === undefined)
  test('XMPP comes before UDP', ({ skip }) => {
    skip('prosody and openssl are not installed here: apt-get install prosody openssl')
  })
else
  test('reach 2: a device behind a NAT is asked by XMPP, and by UDP where XMPP is away', async () => {
    const server = await startProsody({ accounts: { acs: 'secret', cpe: 'secret' }, tls: false })
    closing.push(() => server.stop())
    const account = { jabberId: 'acs@localhost/sluice', password: 'secret', deadlineMs: 5_000, pingEveryMs: 60_000 }
    const waker = await start({ xmpp: { service: server.url, ...account, requireTls: false } })
    const cpe = client({
      service: server.url,
      domain: 'localhost',
      resource: 'cwmp',
      username: 'cpe',
      password: 'secret',
    })
    cpe.on('error', () => undefined)
    cpe.reconnect.stop()
    cpe.iqCallee.get('urn:broadband-forum-org:cwmp:xmppConnReq-1-0', 'connectionRequest', () => true as never)
    await cpe.start()

    const udp = await peer()
    const reach = { natDetected: true, jabberId: 'cpe@localhost/cwmp', ...credentials }
    const wake = async (name: string) => {
      waker.reaches.set(keyOf(name), { ...reach, udpConnectionRequestAddress: `127.0.0.1:${udp.port}` })
      await waker.asker.request(deviceWake, { deviceKey: keyOf(name) })
      await waitUntil(() => waker.woken.some((one) => one.deviceKey === keyOf(name)))
      return waker.woken.find((one) => one.deviceKey === keyOf(name))
    }
    let tries = 0
    // Until the waker has its own session there, UDP is what is left.
    await waitUntil(async () => (await wake(`SN-X${++tries}`))?.by === 'xmpp')
    const last = waker.woken.at(-1)
    expect(last?.outcome).toBe('accepted')
    await server.kill()
    expect(await wake('SN-2')).toMatchObject({ outcome: 'asked', by: 'udp' })
  })
