import { Agent, createServer, request, type IncomingMessage, type ServerResponse, type Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../free-port.ts'
import { closeHttpServer, listenOnLoopback } from '../loopback.ts'
import type { TestServer } from '../servers/test-server.ts'
import { startRoundRobinProxy } from './round-robin-proxy.ts'

const servers: Server[] = []
const proxies: TestServer[] = []
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()))
  await Promise.all(servers.splice(0).map(closeHttpServer))
})

async function target(answer: (incoming: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer((incoming, response) => void answer(incoming, response))
  servers.push(server)
  return `http://127.0.0.1:${await listenOnLoopback(server)}`
}
async function proxyFor(...targets: string[]) {
  const proxy = await startRoundRobinProxy(targets)
  proxies.push(proxy)
  return proxy
}

test('requests on one connection go to the targets in turn', async () => {
  const first = await target((_, response) => response.end('first'))
  const second = await target((_, response) => response.end('second'))
  const proxy = await proxyFor(first, second)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const answers = []
  for (let n = 0; n < 4; n++) answers.push(await send(proxy.url, agent))
  agent.destroy()
  // Whoever asked whether the proxy is there had a turn as well.
  expect(answers.map((answer) => answer.body).join(' ')).toMatch(/^(first second ?){2}$|^(second first ?){2}$/)
  expect(new Set(answers.map((answer) => answer.localPort)).size).toBe(1)
})

test('body, method, cookies, repeated headers and status pass unchanged', async () => {
  const only = await target(async (incoming, response) => {
    const body = Buffer.concat(await incoming.toArray()).toString()
    response.writeHead(207, { 'set-cookie': ['a=1', 'b=2'] })
    response.end(`${incoming.method} ${incoming.url} ${String(incoming.headers['x-thing'])} ${body}`)
  })
  const proxy = await proxyFor(only)
  const answer = await fetch(`${proxy.url}/acs?x=1`, { method: 'POST', body: 'soap', headers: { 'X-Thing': 'yes' } })
  expect(answer.status).toBe(207)
  expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  expect(await answer.text()).toBe('POST /acs?x=1 yes soap')
})

test('a target that refuses connections is passed over', async () => {
  const dead = `http://127.0.0.1:${await freePort()}`
  const alive = await target((_, response) => response.end('alive'))
  const proxy = await proxyFor(dead, alive)
  for (let n = 0; n < 4; n++) expect(await (await fetch(proxy.url, { method: 'POST', body: 'x' })).text()).toBe('alive')
})

test('a POST that a target has seen is not sent to another one', async () => {
  let seen = 0
  const dropping = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (bytes) => {
      if (bytes.toString().startsWith('POST')) seen++
      socket.destroy()
    })
  })
  const port = await listenOnLoopback(dropping)
  const other = await target((_, response) => response.end('other'))
  const proxy = await proxyFor(`http://127.0.0.1:${port}`, other)
  const post = async () => (await fetch(proxy.url, { method: 'POST', body: 'x' })).status
  const statuses = [await post(), await post()]
  dropping.close()
  expect(new Set(statuses)).toEqual(new Set([200, 502]))
  expect(seen).toBe(1)
})

test('a body of any size passes in the chunks it came in', async () => {
  const only = await target(async (incoming, response) => {
    const body = Buffer.concat(await incoming.toArray())
    response.end(`${incoming.headers['transfer-encoding']} ${body.length}`)
  })
  const proxy = await proxyFor(only)
  const body = ReadableStream.from([Buffer.alloc(2_000_000), Buffer.alloc(1_000_000)])
  const answer = await fetch(proxy.url, { method: 'POST', body, duplex: 'half' } as RequestInit)
  expect(await answer.text()).toBe('chunked 3000000')
})

test('a target that is killed and comes back on its port gets its turns again', async () => {
  const port = await freePort()
  const other = await target((_, response) => response.end('other'))
  const proxy = await proxyFor(`http://127.0.0.1:${port}`, other)
  const ask = async () => (await fetch(proxy.url, { method: 'POST', body: 'x' })).text()
  expect([await ask(), await ask()]).toEqual(['other', 'other'])
  const back = createServer((_, response) => response.end('back'))
  servers.push(back)
  back.listen(port, '127.0.0.1')
  expect(new Set([await ask(), await ask()])).toEqual(new Set(['other', 'back']))
})

test('502 when nobody takes the request', async () => {
  const proxy = await proxyFor(`http://127.0.0.1:${await freePort()}`)
  expect((await fetch(proxy.url)).status).toBe(502)
})

function send(url: string, agent: Agent): Promise<{ body: string; localPort: number | undefined }> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      const localPort = response.socket.localPort
      response.toArray().then((chunks) => resolve({ body: Buffer.concat(chunks).toString(), localPort }), reject)
    })
      .on('error', reject)
      .end()
  })
}
