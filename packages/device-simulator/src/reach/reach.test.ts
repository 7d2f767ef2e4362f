import { createHash, createHmac } from 'node:crypto'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { aWhile, SERIAL, startBench, type Bench, type BenchOrder } from '../../test/bench.ts'
import { call, eventsOf } from '../../test/scripted-acs.ts'

const LOGIN = { connectionRequestUsername: 'acs', connectionRequestPassword: 'knock' }
const server = 'Device.ManagementServer.'

async function listening(order: BenchOrder = {}): Promise<Bench> {
  const device = { listens: true, ...LOGIN, ...order.fleet?.device }
  const bench = await startBench({ calls: () => [], ...order, fleet: { ...order.fleet, device } })
  await bench.until('informed')
  await bench.acs.hungUp()
  return bench
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

/** Sends bytes to the port of a URL and answers all that comes back until the other side closes, or for a while. */
function raw(url: URL, request: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(url.port), url.hostname)
    let text = ''
    const done = (): void => {
      socket.destroy()
      resolve(text)
    }
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (/\r?\n\r?\n$/.test(text)) done()
    })
    socket.on('close', done)
    socket.on('error', done)
    socket.write(request)
  })
}

/** Written here from RFC 7616: the test trusts no code of the device. */
async function knock(bench: Bench, password = 'knock', count = '00000001'): Promise<string> {
  const url = new URL(bench.device.read(`${server}ConnectionRequestURL`) ?? '')
  const get = (authorization = ''): Promise<string> =>
    raw(url, `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n${authorization}\r\n`)
  const challenge = await get()
  if (!challenge.includes(' 401 ')) return challenge.split(/\r?\n/)[0] ?? ''
  const field = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? ''
  if (challenge.includes('Basic'))
    return (await get(`Authorization: Basic ${Buffer.from(`acs:${password}`).toString('base64')}\r\n`))
      .split('\n')[0]!
      .trim()
  const ha1 = md5(`acs:${field('realm')}:${password}`)
  const ha2 = md5(`GET:${url.pathname}`)
  const plain = !challenge.includes('qop')
  const response = md5(plain ? `${ha1}:${field('nonce')}:${ha2}` : `${ha1}:${field('nonce')}:${count}:c0:auth:${ha2}`)
  const more = plain ? '' : `, qop=auth, nc=${count}, cnonce="c0"`
  const answer = await get(
    `Authorization: Digest username="acs", realm="${field('realm')}", nonce="${field('nonce')}", uri="${url.pathname}", response="${response}"${more}\r\n`,
  )
  return answer.split(/\r?\n/)[0] ?? ''
}

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})

async function udpServer(hear: (message: Buffer, from: RemoteInfo, socket: Socket) => void): Promise<number> {
  const socket = createSocket('udp4')
  sockets.push(socket)
  socket.on('message', (message, from) => hear(message, from, socket))
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return socket.address().port
}

describe('a connection request over HTTP', () => {
  it.each([
    [undefined, 'HTTP/1.1 200 OK'],
    ['no_qop', 'HTTP/1.1 200 OK'],
    ['basic', 'HTTP/1.1 200 OK'],
    ['blanks', 'HTTP/1.1 200 OK'],
    ['bare_lf', 'HTTP/1.1 200 OK'],
    ['closes', 'HTTP/1.1 200 OK'],
    ['open', 'HTTP/1.1 200 OK'],
    ['no_content', 'HTTP/1.1 204 No Content'],
  ] as const)('(%s) opens a session with 6 CONNECTION REQUEST', async (connectionRequests, answer) => {
    const bench = await listening(connectionRequests && { faults: { connectionRequests } })
    expect(await knock(bench)).toBe(answer)
    await bench.until('informed', 2)
    expect(bench.informs()[1]).toEqual(['6 CONNECTION REQUEST'])
  })

  it('with a wrong password, another path or another method opens none', async () => {
    const bench = await listening()
    expect(await knock(bench, 'wrong')).toBe('HTTP/1.1 401 Unauthorized')
    const url = new URL(bench.device.read(`${server}ConnectionRequestURL`) ?? '')
    expect(await raw(url, 'GET / HTTP/1.1\r\n\r\n')).toContain(' 404 ')
    expect(await raw(url, `POST ${url.pathname} HTTP/1.1\r\n\r\n`)).toContain(' 405 ')
    await aWhile(50)
    expect(bench.informs()).toHaveLength(1)
  })

  it('is answered 503 by a busy device, and 200 without a session by one that ignores it', async () => {
    expect(await knock(await listening({ faults: { connectionRequests: 'busy' } }))).toBe(
      'HTTP/1.1 503 Service Unavailable',
    )
    const bench = await listening({ faults: { connectionRequests: 'ignores' } })
    expect(await knock(bench)).toBe('HTTP/1.1 200 OK')
    await aWhile(50)
    expect(bench.informs()).toHaveLength(1)
  })

  it('is answered 503 in the middle of a session where ordered, and 200 before and after', async () => {
    const bench = await listening({ faults: { connectionRequests: 'busy_in_session', slowReadsMs: 1_500 } })
    bench.acs.ask(SERIAL, call('GetParameterValues', '<ParameterNames><string>Device.</string></ParameterNames>'))
    expect(await knock(bench)).toBe('HTTP/1.1 200 OK')
    await bench.until('informed', 2)
    expect(await knock(bench)).toBe('HTTP/1.1 503 Service Unavailable')
    await bench.acs.hungUp()
    expect(await knock(bench)).toBe('HTTP/1.1 200 OK')
  })

  it('leaves no port behind when the device is stopped', async () => {
    const bench = await listening()
    const url = bench.device.read(`${server}ConnectionRequestURL`) ?? ''
    await bench.fleet.stop(50)
    expect(await raw(new URL(url), 'GET / HTTP/1.1\r\n\r\n')).toBe('')
    expect(bench.device.activity()).toBe(0)
  })

  it('is heard by nobody while the device is off, and its address survives a factory reset', async () => {
    const bench = await listening({ fleet: { device: { rebootMs: 1_500 } } })
    const url = bench.device.read(`${server}ConnectionRequestURL`)
    bench.device.factoryReset()
    while ((await raw(new URL(url!), 'GET / HTTP/1.1\r\n\r\n')) !== '') await aWhile(10)
    await bench.until('settings_lost')
    await bench.until('informed', 2)
    await bench.untilTrue(() => bench.device.read(`${server}ConnectionRequestURL`) === url)
  })
})

describe('a connection request over UDP', () => {
  const message = (ts: number, id: number, un = 'acs', key = 'knock'): Buffer => {
    const sig = createHmac('sha1', key).update(`${ts}${id}${un}cn0nce`).digest('hex')
    return Buffer.from(`GET http://127.0.0.1:1?ts=${ts}&id=${id}&un=${un}&cn=cn0nce&sig=${sig} HTTP/1.1\r\n\r\n`)
  }
  const portOf = (bench: Bench): number =>
    Number(bench.device.read(`${server}UDPConnectionRequestAddress`)?.split(':')[1])

  it('opens one session for its copies, and none when it is old, unsigned or for another', async () => {
    const bench = await listening()
    const port = portOf(bench)
    const socket = createSocket('udp4')
    sockets.push(socket)
    for (const one of [
      message(100, 1),
      message(100, 1),
      message(99, 2),
      message(101, 3, 'you'),
      message(102, 4, 'acs', 'no'),
    ])
      await new Promise((resolve) => socket.send(one, port, '127.0.0.1', resolve))
    await bench.until('connection_request', 5)
    const heard = bench.lines.flatMap((line) => (line.what === 'connection_request' ? [line.status] : []))
    expect(heard).toEqual([200, 0, 0, 0, 0])
    await bench.until('informed', 2)
    await aWhile(50)
    expect(bench.informs().slice(1)).toEqual([['6 CONNECTION REQUEST']])
  })
})

describe('STUN', () => {
  const set = (...pairs: [string, string | number][]): string =>
    call(
      'SetParameterValues',
      `<ParameterList>${pairs.map(([name, value]) => `<ParameterValueStruct><Name>${server}${name}</Name><Value>${value}</Value></ParameterValueStruct>`).join('')}</ParameterList><ParameterKey></ParameterKey>`,
    )
  const attributesOf = (bytes: Buffer): Map<number, Buffer> => {
    const found = new Map<number, Buffer>()
    for (let at = 20; at < bytes.length;) {
      const length = bytes.readUInt16BE(at + 2)
      found.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length))
      at += 4 + length
    }
    return found
  }
  const stun = (type: number, request: Buffer, name: number, value: Buffer): Buffer => {
    const head = Buffer.alloc(24)
    head.writeUInt16BE(type, 0)
    head.writeUInt16BE(4 + value.length, 2)
    request.copy(head, 4, 4, 20)
    head.writeUInt16BE(name, 20)
    head.writeUInt16BE(value.length, 22)
    return Buffer.concat([head, value])
  }
  const mapped = ({ address, port }: RemoteInfo): Buffer =>
    Buffer.from([0, 1, port >> 8, port & 255, ...address.split('.').map(Number)])

  it('tells of the NAT and of each new binding; the device is reached through it', async () => {
    const requests: Map<number, Buffer>[] = []
    const seen: RemoteInfo[] = []
    const port = await udpServer((message, from, socket) => {
      requests.push(attributesOf(message))
      seen.push(from)
      socket.send(stun(0x0101, message, 0x0001, mapped(from)), from.port, from.address)
    })
    const bench = await listening({
      calls: () => [
        set(
          ['STUNEnable', 1],
          ['STUNServerAddress', '127.0.0.1'],
          ['STUNServerPort', port],
          ['STUNUsername', 'stun'],
          ['STUNMinimumKeepAlivePeriod', 50],
        ),
        call(
          'SetParameterAttributes',
          `<ParameterList><SetParameterAttributesStruct><Name>${server}UDPConnectionRequestAddress</Name><NotificationChange>1</NotificationChange><Notification>2</Notification><AccessListChange>0</AccessListChange><AccessList></AccessList></SetParameterAttributesStruct></ParameterList>`,
        ),
      ],
      fleet: { device: { behindNat: true } },
    })
    await bench.until('binding_learnt')
    await bench.until('informed', 2)
    expect(bench.informs()[1]).toContain('4 VALUE CHANGE')
    expect(bench.device.read(`${server}NATDetected`)).toBe('1')
    expect(bench.device.read(`${server}UDPConnectionRequestAddress`)).toBe(`127.0.0.1:${seen[0]?.port}`)
    expect(requests[0]?.get(0xc001)?.toString()).toBe('dslforum.org/TR-111 ')
    expect(requests[0]?.get(0x0006)?.toString()).toBe('stun')
    expect(requests[0]?.has(0xc002)).toBe(false)
    expect(requests[1]?.has(0xc002)).toBe(true)
    await bench.device.rebind()
    await bench.until('binding_learnt', 2)
    expect(bench.device.read(`${server}UDPConnectionRequestAddress`)).toBe(`127.0.0.1:${seen.at(-1)?.port}`)
  })

  it('signs its request when told to (401), and takes no answer that is not signed', async () => {
    const integrity = (message: Buffer): Buffer => {
      const padded = Buffer.alloc(Math.ceil(message.length / 64) * 64)
      message.copy(padded)
      return createHmac('sha1', 'stun-secret').update(padded).digest()
    }
    let forged = 1
    let signedWell = false
    const port = await udpServer((message, from, socket) => {
      const signature = attributesOf(message).get(0x0008)
      if (!signature)
        return socket.send(stun(0x0111, message, 0x0009, Buffer.from([0, 0, 4, 1])), from.port, from.address)
      signedWell = signature.equals(integrity(message.subarray(0, -24)))
      const answer = stun(0x0101, message, 0x0001, mapped(from))
      answer.writeUInt16BE(answer.length - 20 + 24, 2)
      const signed = Buffer.concat([answer, Buffer.from([0, 8, 0, 20]), integrity(answer)])
      socket.send(
        forged > 0 ? stun(0x0101, message, 0x0001, mapped({ ...from, port: 1 })) : signed,
        from.port,
        from.address,
      )
      forged -= 1
    })
    const bench = await listening({
      calls: () => [
        set(
          ['STUNEnable', 1],
          ['STUNServerAddress', '127.0.0.1'],
          ['STUNServerPort', port],
          ['STUNUsername', 'stun'],
          ['STUNPassword', 'stun-secret'],
        ),
      ],
    })
    await bench.until('binding_learnt')
    expect(signedWell).toBe(true)
    expect(bench.line('stun_failed')).toMatchObject({ reason: 'integrity' })
    expect(bench.line('binding_learnt')).toMatchObject({ natDetected: false })
  })
})

it('a lightweight notification is one signed packet with the changed values (Annex M)', async () => {
  let packet: Buffer | undefined
  const port = await udpServer((message) => (packet = message))
  const ssid = 'Device.WiFi.SSID.1.SSID'
  const bench = await startBench({
    calls: () => [
      call(
        'SetParameterValues',
        `<ParameterList><ParameterValueStruct><Name>${server}UDPLightweightNotificationPort</Name><Value>${port}</Value></ParameterValueStruct></ParameterList><ParameterKey></ParameterKey>`,
      ),
      call(
        'SetParameterAttributes',
        `<ParameterList><SetParameterAttributesStruct><Name>${ssid}</Name><NotificationChange>1</NotificationChange><Notification>5</Notification><AccessListChange>0</AccessListChange><AccessList></AccessList></SetParameterAttributesStruct></ParameterList>`,
      ),
    ],
  })
  await bench.until('attributes_set')
  await bench.acs.hungUp()
  bench.device.change(ssid, 'new & loud')
  await bench.until('notified_lightly')
  while (!packet) await aWhile(5)
  const [head = '', body = ''] = packet.toString().split('\r\n\r\n')
  const password = bench.fleet.credentials()[0]?.password ?? ''
  expect(head).toContain(`Signature: ${createHmac('sha1', password).update(body).digest('hex').toUpperCase()}`)
  expect(body).toContain(`<Name>${ssid}</Name><Value xsi:type="xs:string">new &amp; loud</Value>`)
  expect(body).toContain(`<SerialNumber>${SERIAL}</SerialNumber>`)
  expect(bench.acs.posts.filter((post) => eventsOf(post).includes('4 VALUE CHANGE'))).toEqual([])
})
