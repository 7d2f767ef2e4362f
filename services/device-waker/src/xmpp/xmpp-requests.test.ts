import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { client, type Client, xml } from '@xmpp/client'
import { createLog, systemClock } from '@sluice/runtime'
import { findProsody, type Prosody, startProsody, waitUntil } from '@sluice/testbed'
import { afterEach, describe, expect, test } from 'vitest'
import { createXmppRequests, type XmppRequests, type XmppSettings } from './xmpp-requests.ts'

const NAMESPACE = 'urn:broadband-forum-org:cwmp:xmppConnReq-1-0'
const here = findProsody() !== undefined
const usualAuthorities = getCACertificates('default')
const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
  setDefaultCACertificates(usualAuthorities)
})

if (!here)
  test('XMPP is tested on a real server', ({ skip }) => {
    skip('prosody and openssl are not installed here: apt-get install prosody openssl')
  })

async function startServer(tls = true): Promise<Prosody> {
  const server = await startProsody({ accounts: { acs: 'acs secret', cpe1: 'cpe secret' }, tls })
  closing.push(() => server.stop())
  if (server.certificate !== null) setDefaultCACertificates([...usualAuthorities, server.certificate])
  return server
}

function startRequests(server: Prosody, more: Partial<XmppSettings> = {}): XmppRequests {
  const requests = createXmppRequests(
    { clock: systemClock, log: createLog({ service: 'test', level: 'silent' }) },
    {
      service: server.url,
      jabberId: 'acs@localhost/sluice',
      password: 'acs secret',
      deadlineMs: 5_000,
      pingEveryMs: 60_000,
      requireTls: true,
      ...more,
    },
  )
  requests.start()
  closing.push(() => requests.stop())
  return requests
}

interface XmppCpe {
  readonly jabberId: string
  readonly heard: { readonly from: string; readonly username: string; readonly password: string }[]
  readonly xmpp: Client
}

/** A CPE as Annex K.2.1.3 has it: checks the name and the password, and says it is busy when told to. */
async function startCpe(server: Prosody, isBusy = false): Promise<XmppCpe> {
  const xmpp = client({
    service: server.url,
    domain: 'localhost',
    resource: 'cwmp',
    username: 'cpe1',
    password: 'cpe secret',
    timeout: 5_000,
  })
  xmpp.reconnect.stop()
  xmpp.on('error', () => undefined)
  const heard: XmppCpe['heard'] = []
  xmpp.iqCallee.get(NAMESPACE, 'connectionRequest', (context: unknown) => {
    const { element, stanza } = context as {
      element: { getChildText(name: string): string }
      stanza: { attrs: { from: string } }
    }
    const [username, password] = [element.getChildText('username'), element.getChildText('password')]
    heard.push({ from: stanza.attrs.from, username, password })
    const refusal = isBusy
      ? 'service-unavailable'
      : username === 'cr user' && password === 'a<b&"c'
        ? null
        : 'not-authorized'
    if (refusal === null) return true as never
    return xml('error', { type: 'cancel' }, xml(refusal, 'urn:ietf:params:xml:ns:xmpp-stanzas')) as never
  })
  await xmpp.start()
  closing.push(() => xmpp.stop())
  return { jabberId: 'cpe1@localhost/cwmp', heard, xmpp }
}

const right = { username: 'cr user', password: 'a<b&"c' }

describe.skipIf(!here)('on prosody', () => {
  test('reach 3: a device that is online hears, with its user name and password, over TLS (K.2.3.1, K.2.3.2)', async () => {
    const server = await startServer()
    const cpe = await startCpe(server)
    const requests = startRequests(server)
    await waitUntil(requests.isOnline)
    expect(await requests.request({ jabberId: cpe.jabberId, ...right })).toBe('accepted')
    expect(cpe.heard).toEqual([{ from: 'acs@localhost/sluice', ...right }])
  })

  test('a device that refuses the password is told as such (K.2.3.3)', async () => {
    const server = await startServer()
    const cpe = await startCpe(server)
    const requests = startRequests(server)
    await waitUntil(requests.isOnline)
    expect(await requests.request({ jabberId: cpe.jabberId, username: 'cr user', password: 'wrong' })).toBe(
      'unauthorized',
    )
  })

  test('a busy device, and one that is away, may be asked later', async () => {
    const server = await startServer()
    const cpe = await startCpe(server, true)
    const requests = startRequests(server)
    await waitUntil(requests.isOnline)
    expect(await requests.request({ jabberId: cpe.jabberId, ...right })).toBe('busy')
    expect(await requests.request({ jabberId: 'cpe1@localhost/elsewhere', ...right })).toBe('busy')
  })

  test('it comes back by itself after the server was away', async () => {
    const server = await startServer()
    const requests = startRequests(server)
    await waitUntil(requests.isOnline)
    await server.kill()
    await waitUntil(() => !requests.isOnline())
    expect(await requests.request({ jabberId: 'cpe1@localhost/cwmp', ...right })).toBe('unreachable')
    await server.restart()
    await waitUntil(requests.isOnline, { deadlineMs: 20_000 })
    const cpe = await startCpe(server)
    expect(await requests.request({ jabberId: cpe.jabberId, ...right })).toBe('accepted')
  })

  test('a server without TLS is told nothing, not even who we are', async () => {
    const server = await startServer(false)
    const strict = startRequests(server)
    await waitUntil(() => (server.output().match(/Client disconnected/g)?.length ?? 0) >= 2)
    expect(server.output()).not.toContain('Authenticated as')
    expect(strict.isOnline()).toBe(false)
    expect(await strict.request({ jabberId: 'cpe1@localhost/cwmp', ...right })).toBe('unreachable')

    const cpe = await startCpe(server)
    const lax = startRequests(server, { requireTls: false })
    await waitUntil(lax.isOnline)
    expect(await lax.request({ jabberId: cpe.jabberId, ...right })).toBe('accepted')
    expect(cpe.heard).toHaveLength(1)
  })

  test('a server whose certificate nobody vouches for is told nothing', async () => {
    const server = await startServer()
    setDefaultCACertificates(usualAuthorities)
    const requests = startRequests(server)
    await waitUntil(() => server.output().includes('Client connected'))
    expect(requests.isOnline()).toBe(false)
    setDefaultCACertificates([...usualAuthorities, server.certificate!])
    await waitUntil(requests.isOnline)
  })

  test('a wrong password of our own leaves us offline', async () => {
    const server = await startServer()
    const requests = startRequests(server, { password: 'wrong' })
    await waitUntil(() => /not-authorized|Client disconnected/.test(server.output()))
    expect(requests.isOnline()).toBe(false)
  })

  test('bad input 42: what is no full Jabber id is not written to', async () => {
    const requests = startRequests(await startServer())
    await waitUntil(requests.isOnline)
    const wrong = ['', 'cpe1@localhost', 'localhost/x', 'cpe1@localhost/a\r\nb', '<iq/>@localhost/x', 'a'.repeat(300)]
    for (const jabberId of wrong)
      expect([jabberId, await requests.request({ jabberId, ...right })]).toEqual([jabberId, 'refused_address'])
  })

  test('a server that fell silent is left, and found again', async () => {
    const server = await startServer()
    const requests = startRequests(server, { pingEveryMs: 100, deadlineMs: 1_000 })
    await waitUntil(requests.isOnline)
    server.pause()
    closing.push(async () => server.resume())
    await waitUntil(() => !requests.isOnline())
    server.resume()
    await waitUntil(requests.isOnline, { deadlineMs: 25_000 })
  })
})
