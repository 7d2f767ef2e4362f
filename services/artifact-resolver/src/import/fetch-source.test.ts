import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { parseNetworks } from '@sluice/runtime'
import { createAuthority, freePort } from '@sluice/testbed'
import { afterEach, expect, it } from 'vitest'
import { fetchSource, type FetchLimits } from './fetch-source.ts'
import type { ResolveName } from './guarded-lookup.ts'

/** 127.0.0.1 is the outside world here, and every other address of 127.0.0.0/8 the inside. */
const LAB = parseNetworks('127.0.0.1')
let servers: Server[] = []

afterEach(() => {
  for (const server of servers) server.close().closeAllConnections()
  servers = []
})

async function serve(answer: RequestListener, host = '127.0.0.1', port = 0): Promise<string> {
  const server = createServer(answer).listen(port, host)
  servers.push(server)
  await once(server, 'listening')
  return `http://${host}:${(server.address() as AddressInfo).port}`
}
const fetchFrom = (url: string, rest: Partial<FetchLimits> = {}) =>
  fetchSource(url, { labNetworks: LAB, maxBytes: 1_000, idleMs: 5_000, signal: AbortSignal.timeout(5_000), ...rest })

/** A name server that leads every name to these addresses. */
function namesLeadTo(answer: () => string[]): ResolveName {
  type Answer = (error: null, addresses: { address: string; family: number }[]) => void
  const resolve = (_name: string, _options: object, done: Answer) =>
    done(
      null,
      answer().map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  return resolve as ResolveName
}

it('reads an image from a public server', async () => {
  const url = await serve((_, response) => response.end('image'))
  const source = await fetchFrom(`${url}/fw`)
  expect(source.kind === 'open' && (await buffer(source.body)).toString()).toBe('image')
})

it('follows a redirect to another place outside, a few times', async () => {
  const target = await serve((_, response) => response.end('image'))
  const url = await serve((request, response) =>
    response.writeHead(302, { location: request.url === '/a' ? '/b' : `${target}/fw` }).end(),
  )
  expect((await fetchFrom(`${url}/a`)).kind).toBe('open')
  const endless = await serve((_, response) => response.writeHead(302, { location: '/' }).end())
  expect(await fetchFrom(endless)).toEqual({ kind: 'refused', detail: 'more than 3 redirects' })
})

it('asks on a connection of its own each time: one that is there may have been opened under another guard', async () => {
  const sockets = new Set<Socket>()
  const url = await serve((request, response) => void (sockets.add(request.socket), response.end('image')))
  for (const _ of [1, 2]) {
    const source = await fetchFrom(url)
    expect(source.kind === 'open' && (await buffer(source.body)).toString()).toBe('image')
  }
  expect(sockets.size).toBe(2)
})

it('follows no redirect from https to http', async () => {
  const authority = createAuthority()
  const trusted = getCACertificates('default')
  setDefaultCACertificates([authority.ca.toString()])
  try {
    const plain = await serve((_, response) => response.end('image'))
    const server = createTlsServer(authority.sign('vendor.example'), (_, response) =>
      response.writeHead(302, { location: plain }).end(),
    )
    servers.push(server.listen(0, '127.0.0.1'))
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const resolveName = namesLeadTo(() => ['127.0.0.1'])
    expect(await fetchFrom(`https://vendor.example:${port}/fw`, { resolveName })).toEqual({
      kind: 'refused',
      detail: 'redirected from https to http',
    })
  } finally {
    setDefaultCACertificates(trusted)
  }
})

it('never connects inside: by redirect, by a name, by another scheme', async () => {
  let reached = 0
  const inside = await serve((_, response) => void (reached++, response.end('secret')), '127.0.0.2')
  for (const location of [`${inside}/`, 'file:///etc/passwd', 'http://user:pw@127.0.0.1/', 'http://169.254.169.254/']) {
    const url = await serve((_, response) => response.writeHead(302, { location }).end())
    expect([location, (await fetchFrom(url)).kind]).toEqual([location, 'refused'])
  }
  expect((await fetchFrom(inside)).kind).toBe('refused')
  const named = inside.replace('127.0.0.2', 'localhost')
  expect(await fetchFrom(named, { labNetworks: parseNetworks('') })).toMatchObject({ kind: 'refused' })
  expect(reached).toBe(0)
})

it('resolves a name once for a connection, and connects to what it checked: rebinding leads nowhere', async () => {
  let reached = 0
  const port = await freePort()
  await serve((_, response) => void (reached++, response.end('secret')), '127.0.0.2', port)
  await serve((_, response) => response.writeHead(302, { location: '/again' }).end(), '127.0.0.1', port)
  // A name server of the other side: a good address first, and the inside ever after.
  const answers: string[] = []
  const resolveName = namesLeadTo(() => {
    answers.push(answers.length === 0 ? '127.0.0.1' : '127.0.0.2')
    return [answers.at(-1)!]
  })
  const found = await fetchFrom(`http://rebinding.example:${port}/`, { resolveName })
  expect(found).toEqual({
    kind: 'refused',
    detail: 'rebinding.example leads to an address that is not to be fetched from',
  })
  expect(answers).toEqual(['127.0.0.1', '127.0.0.2'])
  expect(reached).toBe(0)
})

it('connects to none of the addresses of a name if one of them lies inside', async () => {
  let reached = 0
  const url = await serve((_, response) => void (reached++, response.end('image')))
  for (const mixed of [['127.0.0.1', '169.254.169.254'], ['::ffff:10.0.0.1', '127.0.0.1'], ['fe80::1%lo'], []]) {
    const resolveName = namesLeadTo(() => mixed)
    const found = await fetchFrom(url.replace('127.0.0.1', 'mixed.example'), { resolveName })
    expect(found).toMatchObject({ kind: 'refused', detail: expect.stringContaining('mixed.example leads to') })
  }
  expect(reached).toBe(0)
})

it('tells what will never work from what may work later', async () => {
  const status = (code: number, headers = {}) => serve((_, response) => response.writeHead(code, headers).end('x'))
  expect((await fetchFrom(await status(404))).kind).toBe('refused')
  expect((await fetchFrom(await status(206))).kind).toBe('refused')
  expect((await fetchFrom(await status(200, { 'content-encoding': 'gzip' }))).kind).toBe('refused')
  expect((await fetchFrom(await status(200, { 'content-length': 2_000 }))).kind).toBe('refused')
  expect((await fetchFrom(await status(503))).kind).toBe('failed')
  expect((await fetchFrom(await status(429))).kind).toBe('failed')
  expect((await fetchFrom('http://127.0.0.1:1/')).kind).toBe('failed')
})

it('waits no longer than it is allowed to', async () => {
  const url = await serve(() => undefined)
  expect((await fetchFrom(url, { signal: AbortSignal.timeout(100) })).kind).toBe('failed')
})
