import { createHmac } from 'node:crypto'
import { type Reach, deviceKeyOf } from '@sluice/contracts'
import { createLog, createManualClock, type ManualClock, parseNetworks, systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { afterEach, describe, expect, test } from 'vitest'
import { createCpeGuard } from '../guard/cpe-guard.ts'
import { parsePorts } from '../guard/ports.ts'
import { systemResolve } from '../guard/resolve-target.ts'
import { startUdpPeer } from '../testing/udp-peer.ts'
import { encodeSigned } from './message-integrity.ts'
import { decodeAddress, encodeAddress } from './stun-address.ts'
import { decodeStun, encodeStun, STUN, type StunAttribute, type StunMessage, valueOf } from './stun-message.ts'
import { createStunServer } from './stun-server.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const identity = { oui: '00D09E', productClass: 'RG', serialNumber: 'SN-1' }
const deviceKey = deviceKeyOf(identity)
const password = 'stun secret'
const LISTENING = { type: STUN.connectionRequestBinding, value: Buffer.from('dslforum.org/TR-111 ') }
const CHANGED = { type: STUN.bindingChange, value: Buffer.alloc(0) }
const nameOf = (username: string): StunAttribute => ({
  type: STUN.username,
  value: Buffer.from(username.padEnd(Math.ceil(username.length / 4) * 4)),
})

let transactions = 0
function bindingRequest(attributes: readonly StunAttribute[], cookie = false): StunMessage {
  const transactionId = Buffer.alloc(16)
  transactionId.writeUInt32BE(++transactions, 12)
  if (cookie) transactionId.write('2112a442', 'hex')
  return { type: STUN.bindingRequest, transactionId, attributes }
}

async function start(
  options: {
    lab?: string
    perSource?: number
    publicAddress?: string | null
    replacedBy?: string
    clock?: ManualClock
    ports?: string
  } = {},
) {
  const asked: string[] = []
  const server = createStunServer(
    {
      guard: createCpeGuard({
        cpeNetworks: parseNetworks(''),
        cpeNetworksAreNamed: false,
        labNetworks: parseNetworks(options.lab ?? '127.0.0.0/8'),
        ownNetworks: parseNetworks(''),
        ownAddresses: new Set(),
        ports: parsePorts(options.ports ?? '1-65535'),
      }),
      resolve: systemResolve,
      clock: options.clock ?? systemClock,
      log: createLog({ service: 'test', level: 'silent' }),
      findPassword: async (key, as = 'usual') => {
        asked.push(key)
        if (key !== deviceKey) return null
        return as === 'fresh' ? (options.replacedBy ?? password) : password
      },
    },
    {
      host: '127.0.0.1',
      port: 0,
      publicAddress: options.publicAddress ?? null,
      maxBindings: 100,
      perSourcePerSecond: options.perSource ?? 1_000,
    },
  )
  const port = await server.start()
  closing.push(() => server.stop())
  const cpe = await startUdpPeer()
  closing.push(() => cpe.stop())
  const ask = async (bytes: Buffer) => {
    const decoded = decodeStun(await cpe.ask(bytes, port))
    if (decoded.kind !== 'message') throw new Error('no STUN came back')
    return decoded.message
  }
  const reach = (more: Partial<Reach> = {}): Reach => ({
    deviceKey,
    connectionRequestUrl: null,
    udpConnectionRequestAddress: null,
    natDetected: true,
    jabberId: null,
    username: 'acs&co',
    password: 'cr secret',
    ...more,
  })
  return { server, port, cpe, ask, asked, reach }
}

const errorOf = (message: StunMessage) => {
  const value = valueOf(message, STUN.errorCode)
  return value === undefined ? null : value.readUInt8(2) * 100 + value.readUInt8(3)
}
const mappedOf = (message: StunMessage) => decodeAddress(valueOf(message, STUN.mappedAddress)!)

describe('the STUN server', () => {
  test('tells a CPE where its request came from (RFC 3489), with its own address twice (G.2.2.1)', async () => {
    const { ask, cpe, port } = await start()
    const request = bindingRequest([])
    const answer = await ask(encodeStun(request))
    expect(answer.type).toBe(STUN.bindingResponse)
    expect(answer.transactionId).toEqual(request.transactionId)
    expect(mappedOf(answer)).toEqual({ address: '127.0.0.1', port: cpe.port })
    expect(decodeAddress(valueOf(answer, STUN.sourceAddress)!)).toEqual({ address: '127.0.0.1', port })
    expect(decodeAddress(valueOf(answer, STUN.changedAddress)!)).toEqual({ address: '127.0.0.1', port })
    expect(valueOf(answer, STUN.messageIntegrity)).toBeUndefined()
  })

  test('answers a request with the cookie of RFC 5389 by XOR-MAPPED-ADDRESS alone', async () => {
    const { ask, cpe } = await start()
    const answer = await ask(encodeStun(bindingRequest([], true)))
    expect(answer.attributes.map(({ type }) => type)).toEqual([STUN.xorMappedAddress])
    const value = Buffer.from(answer.attributes[0]!.value)
    expect(value.readUInt16BE(2) ^ 0x2112).toBe(cpe.port)
  })

  test('demands proof of a device that names its listening port, and gives it back signed (figure 13)', async () => {
    const { ask, server, reach, cpe } = await start()
    const attributes = [LISTENING, CHANGED, nameOf('00D09E-RG-SN%2D1')]
    expect(errorOf(await ask(encodeStun(bindingRequest(attributes))))).toBe(401)
    const answer = await ask(encodeSigned(bindingRequest(attributes), password, 'filled'))
    expect(mappedOf(answer)?.port).toBe(cpe.port)
    expect(valueOf(answer, STUN.messageIntegrity)).toHaveLength(20)

    const before = cpe.received.length
    expect(await server.requestConnection(reach())).toBe('asked')
    await waitUntil(() => cpe.received.length === before + 3)
  })

  test('knows a device by its key, too, and asks for no proof while it stays where it is', async () => {
    const { ask, asked } = await start()
    const attributes = [LISTENING, nameOf(deviceKey)]
    await ask(encodeSigned(bindingRequest(attributes), password, 'plain'))
    const lookups = asked.length
    for (let count = 0; count < 5; count++)
      expect(errorOf(await ask(encodeStun(bindingRequest(attributes))))).toBeNull()
    expect(asked).toHaveLength(lookups)
  })

  test('answers devices whose STUN password it does not have without proof (figure 14)', async () => {
    const { ask } = await start()
    const other = deviceKeyOf({ ...identity, serialNumber: 'SN-2' })
    for (const username of ['anything', other])
      expect(errorOf(await ask(encodeStun(bindingRequest([LISTENING, CHANGED, nameOf(username)]))))).toBeNull()
  })

  test('a wrong signature is refused, binds nothing, and is not demanded again', async () => {
    const { ask, server, reach } = await start()
    const attributes = [LISTENING, nameOf(deviceKey)]
    expect(errorOf(await ask(encodeSigned(bindingRequest(attributes), 'wrong', 'filled')))).toBe(431)
    expect(await server.requestConnection(reach())).toBe('no_address')
    expect(errorOf(await ask(encodeStun(bindingRequest(attributes))))).toBeNull()
  })

  test('a password that was just replaced is asked for again before a signature is called wrong', async () => {
    const { ask, server, reach } = await start({ replacedBy: 'the new one' })
    const signed = encodeSigned(bindingRequest([LISTENING, nameOf(deviceKey)]), 'the new one', 'filled')
    expect(errorOf(await ask(signed))).toBeNull()
    expect(await server.requestConnection(reach())).not.toBe('no_address')
  })

  test('a signed request that is sent again from elsewhere moves nothing: a new one does', async () => {
    const { ask, port, server, reach, cpe } = await start()
    const other = await startUdpPeer()
    closing.push(() => other.stop())
    const sign = () => encodeSigned(bindingRequest([LISTENING, nameOf(deviceKey)]), password, 'filled')
    const askFromThere = async (bytes: Buffer) => {
      const decoded = decodeStun(await other.ask(bytes, port))
      return decoded.kind === 'message' ? errorOf(decoded.message) : 'malformed'
    }
    const heard = sign()
    expect(errorOf(await ask(heard))).toBeNull()
    // The device itself repeats it where the answer was lost.
    expect(errorOf(await ask(heard))).toBeNull()
    expect(await askFromThere(heard)).toBe(401)
    const before = cpe.received.length
    await server.requestConnection(reach())
    await waitUntil(() => cpe.received.length === before + 3)
    expect(other.received).toHaveLength(1)

    expect(await askFromThere(sign())).toBeNull()
    await server.requestConnection(reach())
    await waitUntil(() => other.received.length === 2 + 3)
  })

  test('a signature without a name, or by nobody we know, is refused', async () => {
    const { ask } = await start()
    expect(errorOf(await ask(encodeSigned(bindingRequest([LISTENING]), password, 'filled')))).toBe(432)
    expect(errorOf(await ask(encodeSigned(bindingRequest([LISTENING, nameOf('nobody')]), password, 'filled')))).toBe(
      430,
    )
  })

  test('unknown mandatory attributes are named, unknown optional ones passed over', async () => {
    const { ask } = await start()
    const answer = await ask(encodeStun(bindingRequest([{ type: 0x0024, value: Buffer.alloc(4) }])))
    expect(errorOf(answer)).toBe(420)
    expect(valueOf(answer, STUN.unknownAttributes)?.toString('hex')).toBe('00240024')
    expect(errorOf(await ask(encodeStun(bindingRequest([{ type: 0x8022, value: Buffer.from('x') }]))))).toBeNull()
  })

  test('RESPONSE-ADDRESS leads to another port of the asker (G.2.1.2), and to nobody else', async () => {
    const { port, cpe } = await start()
    const second = await startUdpPeer()
    closing.push(() => second.stop())
    const toCpe = { type: STUN.responseAddress, value: encodeAddress({ address: '127.0.0.1', port: cpe.port }) }
    await second.send(encodeStun(bindingRequest([toCpe])), port)
    await waitUntil(() => cpe.received.length === 1)
    const answer = decodeStun(cpe.received[0]!)
    expect(answer.kind === 'message' && decodeAddress(valueOf(answer.message, STUN.reflectedFrom)!)).toEqual({
      address: '127.0.0.1',
      port: second.port,
    })

    const elsewhere = { type: STUN.responseAddress, value: encodeAddress({ address: '127.0.0.2', port: cpe.port }) }
    await second.ask(encodeStun(bindingRequest([elsewhere])), port)
    expect(cpe.received).toHaveLength(1)
  })

  test('answers are never more than three times their request', async () => {
    const { cpe, port } = await start({ publicAddress: '127.0.0.1' })
    for (const attributes of [[], [LISTENING], [{ type: 0x0024, value: Buffer.alloc(0) }]]) {
      const request = encodeStun(bindingRequest(attributes))
      expect((await cpe.ask(request, port)).length).toBeLessThanOrEqual(request.length * 3)
    }
  })

  test('a source beyond its rate is not answered', async () => {
    const clock = createManualClock(0)
    const { cpe, port } = await start({ perSource: 3, clock })
    const request = encodeStun(bindingRequest([]))
    for (let count = 0; count < 3; count++) await cpe.ask(request, port)
    for (let count = 0; count < 5; count++) await cpe.send(request, port)
    await clock.advance(1_000)
    await cpe.ask(request, port)
    expect(cpe.received.length).toBeLessThanOrEqual(6)
  })

  test('bad input 42: who is not in the networks of CPE is not answered', async () => {
    const { cpe, port } = await start({ lab: '127.0.0.2' })
    const inside = await startUdpPeer('127.0.0.2')
    closing.push(() => inside.stop())
    await cpe.send(encodeStun(bindingRequest([])), port)
    await inside.ask(encodeStun(bindingRequest([])), port)
    expect(cpe.received).toHaveLength(0)
  })

  test('responses and noise are not answered', async () => {
    const { cpe, port } = await start()
    await cpe.send(encodeStun({ ...bindingRequest([]), type: STUN.bindingResponse }), port)
    await cpe.send(Buffer.from('hello'), port)
    await cpe.ask(encodeStun(bindingRequest([])), port)
    expect(cpe.received).toHaveLength(1)
  })
})

describe('a UDP connection request', () => {
  test('section 3 items 28 and 29: leaves from the STUN port, three times the same (G.2.2.3)', async () => {
    const { server, reach, cpe } = await start()
    expect(await server.requestConnection(reach({ udpConnectionRequestAddress: `127.0.0.1:${cpe.port}` }))).toBe(
      'asked',
    )
    await waitUntil(() => cpe.received.length === 3)
    const [first, ...copies] = cpe.received.map(String)
    expect(copies).toEqual([first, first])
    const [line = ''] = first!.split('\r\n')
    const [, target = ''] = /^GET (\S+) HTTP\/1\.1$/.exec(line) ?? []
    expect(target).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${cpe.port}\\?ts=`))
    const query = new URLSearchParams(target.split('?')[1])
    expect([...query.keys()]).toEqual(['ts', 'id', 'un', 'cn', 'sig'])
    expect(query.get('un')).toBe('acs&co')
    const text = ['ts', 'id', 'un', 'cn'].map((key) => query.get(key)).join('')
    expect(query.get('sig')).toBe(createHmac('sha1', 'cr secret').update(text).digest('hex').toUpperCase())
  })

  test('a proven binding is fresher than what was reported', async () => {
    const { ask, server, reach, cpe } = await start()
    const other = await startUdpPeer()
    closing.push(() => other.stop())
    await ask(encodeSigned(bindingRequest([LISTENING, nameOf(deviceKey)]), password, 'filled'))
    await server.requestConnection(reach({ udpConnectionRequestAddress: `127.0.0.1:${other.port}` }))
    await waitUntil(() => cpe.received.length === 4)
    expect(other.received).toHaveLength(0)
  })

  test.each([
    ['bad input 42: 127.0.0.1', '127.0.0.1:7547', 'refused_address'],
    ['bad input 42: link-local', '169.254.169.254:80', 'refused_address'],
    ['bad input 42: port 0', '8.8.8.8:0', 'refused_address'],
    ['what is no address', 'http://8.8.8.8/', 'refused_address'],
    ['IPv6, which no NAT is in front of', '[2606:4700::1111]:7547', 'unreachable'],
    ['none', null, 'no_address'],
  ] as const)('is not sent to: %s', async (_name, udpConnectionRequestAddress, outcome) => {
    const { server, reach } = await start({ lab: '' })
    expect(await server.requestConnection(reach({ udpConnectionRequestAddress }))).toBe(outcome)
  })

  test('is not sent without credentials', async () => {
    const { server, reach, cpe } = await start()
    const bare = reach({ udpConnectionRequestAddress: `127.0.0.1:${cpe.port}`, password: null })
    expect(await server.requestConnection(bare)).toBe('unauthorized')
  })
})
