import { answered, refused } from '@sluice/contracts'
import { answerChallenge, ha1 } from '@sluice/http-auth'
import { createMemoryHotStore, type HotStore, type OpenSession } from '@sluice/hot-store'
import { type Clock, createManualClock, systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { credentialChanged } from '@sluice/contracts'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { createCpe, envelope, type Heard, informBody, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport, type Transport } from './testing/transports.ts'
import { downloadSent, hint, TARGET, watchOf } from './testing/upgrade-parts.ts'

const USER = '00D09E-HomeBox-S1'
const known =
  (password: string, username = USER) =>
  () =>
    answered({
      kind: 'known' as const,
      candidates: [{ role: 'own' as const, username, ha1: ha1(username, 'sluice', password) }],
    })

let stand: Stand
let transport: Transport
let cpe: TestCpe
let storeCalls: string[]

const open = async (auth: 'digest' | 'basic', gateways = 1, clock: Clock = systemClock) => {
  transport = await natsTransport(inject('natsUrl'))
  storeCalls = []
  const hotStore = recordingCalls(createMemoryHotStore({ clock: systemClock }))
  const settings = { auth, tlsTerminated: auth === 'basic' }
  stand = await openStand({ settings, transport, hotStore, gateways, clock })
  storeCalls.splice(0)
  cpe = createCpe({ serial: 'S1', port: () => stand.gateways[0]!.port })
}
afterEach(async () => {
  cpe.close()
  await stand.close()
})

const authorize = (challenged: Heard, password: string, username = USER, nc = 1) => {
  const challenges = challenged.headers['www-authenticate'] ?? ''
  const answer = answerChallenge({ challenges, method: 'POST', uri: '/acs', username, password, cnonce: 'abc', nc })
  return answer.kind === 'answer' ? { authorization: answer.authorization } : {}
}
const informAs = async (password: string, username = USER) => {
  const challenged = await cpe.inform()
  return cpe.inform({ headers: authorize(challenged, password, username) })
}

test.each([
  ['an hour ahead', 3_600_000],
  ['an hour back', -3_600_000],
])('fault 53: a clock that jumps %s ends no session, and costs a device a challenge at most', async (_, jump) => {
  let offset = 0
  await open('digest', 1, { ...systemClock, now: () => systemClock.now() + offset })
  stand.onCredential = known('right')
  const challenged = await cpe.inform()
  expect((await cpe.inform({ headers: authorize(challenged, 'right') })).rpc).toBe('InformResponse')
  offset = jump
  expect((await cpe.empty()).status).toBe(204)
  const again = await cpe.inform({ headers: authorize(challenged, 'right', USER, 2) })
  if (again.status === 401) {
    expect(again.headers['www-authenticate']).toMatch(/stale=true/)
    expect((await cpe.inform({ headers: authorize(again, 'right') })).rpc).toBe('InformResponse')
  } else expect(again.rpc).toBe('InformResponse')
  expect((await cpe.empty()).status).toBe(204)
  await waitUntil(() => stand.informed.length === 2)
})

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

  test('security 1: the right password opens a session, the registry is asked once, and every POST costs one call of the hot store', async () => {
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

describe('a nonce', () => {
  beforeEach(async () => {
    await open('digest', 2)
    stand.onCredential = known('right')
  })

  /** As RFC 2069 has it. */
  const withoutQop = (challenged: Heard) => {
    const challenges = (challenged.headers['www-authenticate'] ?? '').replace('qop="auth", ', '')
    return authorize({ ...challenged, headers: { 'www-authenticate': challenges } }, 'right')
  }
  const cpeAt = (gateway: number, serial = 'S1') => createCpe({ serial, port: () => stand.gateways[gateway]!.port })
  const isStale = ({ status, headers, body }: Heard) =>
    status === 401 && body === '' && (headers['www-authenticate'] ?? '').endsWith(', stale=true')

  test('bad input 31: that was used opens no second session, on no gateway', async () => {
    const headers = authorize(await cpe.inform(), 'right')
    expect((await cpe.inform({ headers })).rpc).toBe('InformResponse')
    for (const gateway of [0, 1]) {
      const thief = cpeAt(gateway)
      expect(isStale(await thief.inform({ headers }))).toBe(true)
      expect(thief.cookie).toBeNull()
      thief.close()
    }
    await waitUntil(() => stand.informed.length > 0)
    expect(stand.informed).toHaveLength(1)
    expect((await cpe.say('GetRPCMethods')).rpc).toBe('GetRPCMethodsResponse')
  })

  test('bad input 31: used at once on two gateways opens one session', async () => {
    const headers = authorize(await cpe.inform(), 'right')
    const both = await Promise.all([0, 1].map((gateway) => cpeAt(gateway).inform({ headers })))
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 401]))
  })

  test('bad input 31: that was counted on within a session opens no other with that count', async () => {
    const challenged = await cpe.inform()
    await cpe.inform({ headers: authorize(challenged, 'right') })
    const second = authorize(challenged, 'right', USER, 2)
    expect((await cpe.say('GetRPCMethods', '', '1', second)).rpc).toBe('GetRPCMethodsResponse')
    const thief = cpeAt(1)
    expect(isStale(await thief.inform({ headers: second }))).toBe(true)
    thief.close()
  })

  test('goes on as long as its count grows, and below it is refused', async () => {
    const challenged = await cpe.inform()
    for (const count of [1, 2, 9]) {
      expect((await cpe.inform({ headers: authorize(challenged, 'right', USER, count) })).rpc).toBe('InformResponse')
    }
    expect(isStale(await cpe.inform({ headers: authorize(challenged, 'right', USER, 5) }))).toBe(true)
  })

  test('whose counter a CPE leaves at one costs it a round trip, and the session goes on', async () => {
    const first = authorize(await cpe.inform(), 'right')
    await cpe.inform({ headers: first })
    const refused = await cpe.say('GetRPCMethods', '', '1', first)
    expect(isStale(refused)).toBe(true)
    expect((await cpe.say('GetRPCMethods', '', '1', authorize(refused, 'right'))).rpc).toBe('GetRPCMethodsResponse')
    expect((await cpe.empty()).status).toBe(204)
  })

  test('in the form of RFC 2069 carries its session on, and opens no second one', async () => {
    const headers = withoutQop(await cpe.inform())
    expect(headers.authorization).not.toContain('qop')
    expect((await cpe.inform({ headers })).rpc).toBe('InformResponse')
    expect((await cpe.say('GetRPCMethods', '', '1', headers)).rpc).toBe('GetRPCMethodsResponse')
    const refused = await cpe.inform({ headers })
    expect(isStale(refused)).toBe(true)
    expect((await cpe.inform({ headers: withoutQop(refused) })).rpc).toBe('InformResponse')
    await waitUntil(() => stand.informed.length === 2)
    expect(stand.informed.every(({ warnings }) => warnings?.includes('digest_without_qop'))).toBe(true)
  })

  test('quirk 4: is good on another connection and another gateway than the one that gave it', async () => {
    const headers = authorize(await cpe.inform(), 'right')
    const other = cpeAt(1)
    expect((await other.inform({ headers })).rpc).toBe('InformResponse')
    other.close()
  })

  test('is not used up by who does not know the password, however often a device is named', async () => {
    const challenged = await cpe.inform()
    const stranger = cpeAt(1)
    for (let i = 0; i < 20; i++) {
      const headers = authorize(await stranger.inform(), 'guess', USER, 0xffff)
      expect((await stranger.inform({ headers })).status).toBe(401)
    }
    stranger.close()
    expect((await cpe.inform({ headers: authorize(challenged, 'right') })).rpc).toBe('InformResponse')
  })

  test('bad input 31: of a user name that several devices have is good for one device', async () => {
    const candidate = { role: 'bootstrap' as const, username: 'factory', ha1: ha1('factory', 'sluice', 'f') }
    stand.onCredential = () => answered({ kind: 'known', candidates: [candidate] })
    const headers = authorize(await cpe.inform(), 'f', 'factory')
    expect((await cpe.inform({ headers })).rpc).toBe('InformResponse')
    const [thief, other] = [cpeAt(1, 'S2'), cpeAt(1, 'S3')]
    expect(isStale(await thief.inform({ headers }))).toBe(true)
    expect(thief.cookie).toBeNull()
    expect((await other.inform({ headers: authorize(await other.inform(), 'f', 'factory') })).rpc).toBe(
      'InformResponse',
    )
    await waitUntil(() => stand.informed.length >= 2)
    expect(stand.informed.map(({ serialNumber }) => serialNumber)).toEqual(['S1', 'S3'])
    thief.close()
    other.close()
  })

  test.each([
    ['another realm', (header: string) => header.replace('realm="sluice"', 'realm="other"')],
    ['auth-int', (header: string) => header.replace('qop=auth', 'qop=auth-int')],
    ['another algorithm', (header: string) => header.replace('algorithm=MD5', 'algorithm=SHA-256')],
    ['a count that is none', (header: string) => header.replace(/nc=\d+/, 'nc=NaN')],
    ['another scheme', () => 'Bearer abc'],
    ['basic over plain HTTP', () => `Basic ${Buffer.from(`${USER}:right`).toString('base64')}`],
    ['no scheme at all', () => '='],
  ])('bad input 31: %s is challenged anew, and nothing is published', async (_, change) => {
    const { authorization = '' } = authorize(await cpe.inform(), 'right')
    const heard = await cpe.inform({ headers: { authorization: change(authorization) } })
    expect([heard.status, heard.headers['www-authenticate']]).toEqual([401, expect.stringMatching(/^Digest /)])
    expect(stand.informed).toEqual([])
  })
})

describe('the credential of a model', () => {
  const credential = (role: 'own' | 'pending' | 'bootstrap', username: string, password: string) => ({
    role,
    username,
    ha1: ha1(username, 'sluice', password),
  })
  const offering = (...candidates: ReturnType<typeof credential>[]) => {
    stand.onCredential = () => answered({ kind: 'known', candidates })
  }
  beforeEach(() => open('digest'))

  test('lets a device make its first contact, is told so of, and is not remembered as its own', async () => {
    offering(credential('bootstrap', 'factory', 'factory-password'))
    const challenged = await cpe.inform()
    const headers = authorize(challenged, 'factory-password', 'factory')
    expect((await cpe.inform({ headers, events: ['0 BOOTSTRAP'] })).rpc).toBe('InformResponse')
    await waitUntil(() => stand.informed.length === 1)
    expect(stand.informed[0]).toMatchObject({ byBootstrapCredential: true })
    expect((await stand.hotStore.latest([cpe.deviceKey]))[0]!.credential).toBeNull()
    expect(stand.credentialInputs).toEqual([
      { deviceKey: cpe.deviceKey, realm: 'sluice', model: { oui: '00D09E', productClass: 'HomeBox' } },
    ])
  })

  test('stands beside the device’s own and the one that was issued, and only its own is remembered', async () => {
    offering(
      credential('own', USER, 'own'),
      credential('pending', USER, 'new'),
      credential('bootstrap', 'factory', 'f'),
    )
    const remembered = async () => (await stand.hotStore.latest([cpe.deviceKey]))[0]!.credential
    expect((await informAs('new')).rpc).toBe('InformResponse')
    expect((await informAs('f', 'factory')).rpc).toBe('InformResponse')
    expect((await informAs('f')).status).toBe(401)
    expect(await remembered()).toBeNull()
    expect((await informAs('own')).rpc).toBe('InformResponse')
    expect(await remembered()).toEqual({ username: USER, ha1: ha1(USER, 'sluice', 'own') })
    await waitUntil(() => stand.informed.length === 3)
    expect(stand.informed.map(({ byBootstrapCredential = false }) => byBootstrapCredential)).toEqual([
      false,
      true,
      false,
    ])
  })

  describe('is asked for again', () => {
    const asked = () => stand.credentialInputs.at(-1)?.mayHaveForgotten ?? false
    /** It is new to the gateway each time: the registry is not asked twice within seconds. */
    const begins = async (password = 'guess', version = '1.0') => {
      await stand.hotStore.forgetCredentials([cpe.deviceKey])
      const headers = authorize(await cpe.inform(), password)
      return cpe.inform({ headers, events: ['0 BOOTSTRAP', '1 BOOT'], version })
    }
    beforeEach(() => offering(credential('own', USER, 'own')))

    test('for a device that begins anew after the Download of the upgrade that is open, and for no other Inform of it', async () => {
      await downloadSent(stand.hotStore, cpe.deviceKey)
      await stand.hotStore.forgetCredentials([cpe.deviceKey])
      expect((await informAs('guess')).status).toBe(401)
      expect(asked()).toBe(false)
      expect((await begins()).status).toBe(401)
      expect(asked()).toBe(true)
    })

    test('for one that flashed without an answer to its Download', async () => {
      await downloadSent(stand.hotStore, cpe.deviceKey, 1, false)
      await begins()
      expect(asked()).toBe(true)
    })

    test('not while nothing was written to it yet, whatever it says of itself', async () => {
      await begins()
      await stand.hotStore.place([{ op: 'put_watch', deviceKey: cpe.deviceKey, watch: watchOf(1) }])
      await begins()
      expect(stand.credentialInputs.some(({ mayHaveForgotten }) => mayHaveForgotten)).toBe(false)
    })

    test('not for the Download of an earlier attempt', async () => {
      await downloadSent(stand.hotStore, cpe.deviceKey, 1)
      await stand.hotStore.place([{ op: 'put_watch', deviceKey: cpe.deviceKey, watch: watchOf(2) }])
      await begins()
      expect(asked()).toBe(false)
    })

    test('not once its upgrade is settled', async () => {
      await downloadSent(stand.hotStore, cpe.deviceKey)
      const watch = watchOf(1, { mode: 'settled', revision: 3 })
      await stand.hotStore.place([{ op: 'put_watch', deviceKey: cpe.deviceKey, watch }])
      await begins()
      expect(asked()).toBe(false)
    })

    test('not once it was on the target version with a credential of its own, though its soak lasts on', async () => {
      await downloadSent(stand.hotStore, cpe.deviceKey)
      await begins('own')
      await cpe.empty()
      await begins()
      expect(asked()).toBe(true)
      await begins('own', TARGET)
      await cpe.empty()
      await begins()
      expect(asked()).toBe(false)
    })

    test('still, once it came to the target version by that credential alone', async () => {
      offering(credential('own', USER, 'own'), credential('bootstrap', USER, 'f'))
      await downloadSent(stand.hotStore, cpe.deviceKey)
      await begins('f', TARGET)
      expect((await cpe.empty()).rpc).toBe('SetParameterValues')
      await begins('f', TARGET)
      expect(asked()).toBe(true)
    })
  })
})

describe('a session of ten minutes', () => {
  const clock = createManualClock(Date.parse('2026-11-20T12:00:00.000Z'))
  const opened: OpenSession[] = []
  beforeEach(async () => {
    opened.splice(0)
    const memory = createMemoryHotStore({ clock })
    const hotStore: HotStore = { ...memory, open: (all) => (opened.push(...all), memory.open(all)) }
    transport = await natsTransport(inject('natsUrl'))
    stand = await openStand({ settings: { auth: 'digest' }, transport, hotStore })
    stand.onCredential = known('right')
    cpe = createCpe({ serial: 'S1', port: () => stand.gateways[0]!.port })
  })
  const informFor = async (password: string) => {
    const headers = authorize(await cpe.inform(), password)
    const timeout = '<cwmp:SessionTimeout>600</cwmp:SessionTimeout></soap-env:Header>'
    const inform = envelope('1-2', '1', informBody('S1', '1.0', ['2 PERIODIC']))
    return cpe.post(inform.replace('</soap-env:Header>', timeout), headers)
  }

  test('is over within one where nobody proved who they are', async () => {
    expect((await informFor('wrong')).status).toBe(401)
    const { key } = opened.at(-1)!
    await clock.advance(61_000)
    expect(await stand.hotStore.resume([{ key, endIfIdle: false }])).toEqual([{ kind: 'unknown' }])
  })

  test('is kept for all of them once it is proven', async () => {
    // Of one that is known to return its cookie nothing else has to be marked.
    await informFor('right')
    expect((await cpe.empty()).status).toBe(204)
    await stand.hotStore.place([hint(cpe.deviceKey)])
    expect((await informFor('right')).rpc).toBe('InformResponse')
    await clock.advance(590_000)
    expect((await cpe.empty()).rpc).toBe('GetParameterValues')
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

  test('security 1: the right password opens a session and a wrong one does not', async () => {
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
