import { answered, refused } from '@sluice/contracts'
import { answerChallenge, ha1 } from '@sluice/http-auth'
import { createMemoryHotStore, type HotStore } from '@sluice/hot-store'
import { systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { credentialChanged } from '@sluice/contracts'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { createCpe, type Heard, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport, type Transport } from './testing/transports.ts'

const USER = '00D09E-HomeBox-S1'
const known =
  (password: string, username = USER) =>
  () =>
    answered({ kind: 'known' as const, username, ha1: ha1(username, 'sluice', password) })

let stand: Stand
let transport: Transport
let cpe: TestCpe
let storeCalls: string[]

const open = async (auth: 'digest' | 'basic') => {
  transport = await natsTransport(inject('natsUrl'))
  storeCalls = []
  const hotStore = recordingCalls(createMemoryHotStore({ clock: systemClock }))
  stand = await openStand({ settings: { auth }, transport, hotStore })
  storeCalls.splice(0)
  cpe = createCpe({ serial: 'S1', port: () => stand.gateways[0]!.port })
}
afterEach(async () => {
  cpe.close()
  await stand.close()
})

const authorize = (challenged: Heard, password: string, username = USER) => {
  const challenges = challenged.headers['www-authenticate'] ?? ''
  const answer = answerChallenge({ challenges, method: 'POST', uri: '/acs', username, password, cnonce: 'abc', nc: 1 })
  return answer.kind === 'answer' ? { authorization: answer.authorization } : {}
}
const informAs = async (password: string, username = USER) => {
  const challenged = await cpe.inform()
  return cpe.inform({ headers: authorize(challenged, password, username) })
}

describe('with digest', () => {
  beforeEach(() => open('digest'))

  test('an Inform and an empty POST without Authorization are challenged, and the hot store is not asked', async () => {
    for (const heard of [await cpe.inform(), await cpe.empty(), await cpe.post('no xml at all')]) {
      expect([heard.status, heard.body]).toEqual([401, ''])
      expect(heard.headers['www-authenticate']).toMatch(/^Digest realm="sluice", qop="auth", algorithm=MD5, nonce="/)
      expect(heard.headers['content-length']).toBe('0')
    }
    expect(storeCalls).toEqual([])
  })

  test('the right password opens a session, the registry is asked once, and every POST costs one call of the hot store', async () => {
    stand.onCredential = known('right')
    expect((await informAs('right')).rpc).toBe('InformResponse')
    expect((await cpe.empty()).status).toBe(204)
    storeCalls.splice(0)
    expect((await informAs('right')).rpc).toBe('InformResponse')
    expect((await cpe.empty()).status).toBe(204)
    expect(storeCalls).toEqual(['open', 'resume'])
    expect(stand.credentialRequests).toEqual([cpe.deviceKey])
  })

  test('a wrong password and an unknown user are refused because the registry says so, and nothing is published', async () => {
    stand.onCredential = known('right')
    expect((await informAs('wrong')).status).toBe(401)
    stand.onCredential = () => answered({ kind: 'unknown' })
    cpe = createCpe({ serial: 'S2', port: () => stand.gateways[0]!.port })
    expect((await informAs('right', '00D09E-HomeBox-S2')).status).toBe(401)
    expect(stand.informed).toEqual([])
  })

  test('where nobody can tell, the answer is 503', async () => {
    stand.onCredential = () => refused('unavailable', 'the registry is away')
    const heard = await informAs('right')
    expect([heard.status, heard.headers['retry-after']]).toEqual([503, '30'])
    expect(stand.informed).toEqual([])
  })

  test('a remembered password that does not fit is asked for again before anyone is refused', async () => {
    const credential = { username: USER, ha1: ha1(USER, 'sluice', 'old') }
    await stand.hotStore.rememberCredentials([{ deviceKey: cpe.deviceKey, credential, revision: 0 }])
    stand.onCredential = () => refused('unavailable', 'the registry is away')
    expect((await informAs('new')).status).toBe(503)
    stand.onCredential = known('new')
    expect((await informAs('new')).rpc).toBe('InformResponse')
    expect((await informAs('old')).status).toBe(401)
  })

  test('a device that tries wrong passwords again and again does not ask the registry each time', async () => {
    stand.onCredential = known('right')
    for (let i = 0; i < 5; i++) expect((await informAs(`wrong ${i}`)).status).toBe(401)
    expect(stand.credentialRequests).toHaveLength(1)
  })

  test('a device cannot speak for another one with its own credentials', async () => {
    stand.onCredential = known('right', '00D09E-HomeBox-OTHER')
    expect((await informAs('right', '00D09E-HomeBox-OTHER')).status).toBe(401)
    expect(stand.credentialRequests).toEqual([])
  })

  test('a user name of another form has to be that of the device’s credential', async () => {
    stand.onCredential = known('right', 'subscriber')
    expect((await informAs('right', 'subscriber')).rpc).toBe('InformResponse')
    expect((await informAs('right', 'someone-else')).status).toBe(401)
  })

  test('a nonce of somebody else is challenged again', async () => {
    stand.onCredential = known('right')
    const challenged = await cpe.inform()
    const header = authorize(challenged, 'right').authorization!.replace(/nonce="[^"]*"/, 'nonce="made-up"')
    expect((await cpe.inform({ headers: { authorization: header } })).status).toBe(401)
    expect(storeCalls).toEqual([])
  })

  test('the cookie alone carries the session on, and one that nobody issued does not', async () => {
    stand.onCredential = known('right')
    await informAs('right')
    expect((await cpe.say('GetRPCMethods')).rpc).toBe('GetRPCMethodsResponse')
    cpe.cookie = `sluice=${cpe.deviceKey}.${'A'.repeat(22)}`
    expect((await cpe.say('GetRPCMethods')).status).toBe(401)
    expect((await cpe.empty()).status).toBe(401)
  })

  test('a session opened with a wrong password does not end the device’s own', async () => {
    stand.onCredential = known('right')
    await informAs('right')
    const attacker = createCpe({ serial: 'S1', port: () => stand.gateways[0]!.port })
    const challenged = await attacker.inform()
    expect((await attacker.inform({ headers: authorize(challenged, 'guess') })).status).toBe(401)
    attacker.close()
    expect((await cpe.say('GetRPCMethods')).rpc).toBe('GetRPCMethodsResponse')
  })

  test('a changed credential is forgotten', async () => {
    stand.onCredential = known('old')
    await informAs('old')
    stand.onCredential = known('new')
    const registry = await transport.bus('device-registry')
    await registry.publish(credentialChanged, [{ id: 'evt_1', key: 'all', data: { deviceKeys: [cpe.deviceKey] } }])
    await waitUntil(() => storeCalls.includes('forgetCredentials'))
    expect((await informAs('old')).status).toBe(401)
    expect((await informAs('new')).rpc).toBe('InformResponse')
  })
})

describe('a password that was replaced', () => {
  beforeEach(() => open('digest'))

  test('is good no longer on a gateway that did not hear of it, and does not come back from its memory', async () => {
    stand.onCredential = known('old')
    expect((await informAs('old')).rpc).toBe('InformResponse')
    stand.onCredential = known('new')
    // As another gateway does that got the event.
    await stand.hotStore.forgetCredentials([cpe.deviceKey])
    expect((await informAs('old')).status).toBe(401)
    expect((await informAs('new')).rpc).toBe('InformResponse')
    expect((await informAs('old')).status).toBe(401)
  })

  test('while the registry is asked for it lets nobody in, and is asked for again', async () => {
    stand.onCredential = (deviceKey) => {
      void stand.hotStore.forgetCredentials([deviceKey])
      stand.onCredential = known('new')
      return known('old')()
    }
    expect((await informAs('old')).status).toBe(503)
    expect((await informAs('old')).status).toBe(401)
    expect((await informAs('new')).rpc).toBe('InformResponse')
  })
})

describe('with basic', () => {
  beforeEach(() => open('basic'))

  test('the right password opens a session and a wrong one does not', async () => {
    stand.onCredential = known('right')
    expect((await cpe.inform()).headers['www-authenticate']).toBe('Basic realm="sluice"')
    expect((await informAs('wrong')).status).toBe(401)
    expect((await informAs('right')).rpc).toBe('InformResponse')
  })
})

function recordingCalls(store: HotStore): HotStore {
  const counted = ['open', 'prove', 'latest', 'resume', 'save', 'rememberCredentials', 'forgetCredentials']
  return new Proxy(store, {
    get(target, name: keyof HotStore) {
      if (counted.includes(name)) storeCalls.push(name)
      return target[name]
    },
  })
}
