import { answered } from '@sluice/contracts'
import { connectRedis } from '@sluice/hot-store'
import { answerChallenge, ha1 } from '@sluice/http-auth'
import { systemClock } from '@sluice/runtime'
import { freshNamespace } from '@sluice/testbed'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { callHint, committingCalls, taskId } from './testing/call-parts.ts'
import { answerValues, createCpe, type Heard, type TestCpe } from './testing/cpe.ts'
import { openPoolingProxy, type PoolingProxy } from './testing/pooling-proxy.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { log, natsTransport } from './testing/transports.ts'
import { committing, hint } from './testing/upgrade-parts.ts'

let stand: Stand
let proxy: PoolingProxy
const cpes: TestCpe[] = []
/** By device: the user name its credential has. */
const usernames = new Map<string, string>()

const open = async (auth: 'digest' | 'basic', gateways: number) => {
  const keyPrefix = `${freshNamespace()}:`
  const hotStore = await connectRedis({ url: inject('redisUrl'), clock: systemClock, log, keyPrefix })
  const transport = await natsTransport(inject('natsUrl'))
  stand = await openStand({ settings: { auth, tlsTerminated: true }, gateways, transport, hotStore })
  stand.onClaim = committing()
  stand.onCredential = (deviceKey) => {
    const username = usernames.get(deviceKey)
    if (username === undefined) return answered({ kind: 'unknown' })
    return answered({ kind: 'known', candidates: [{ role: 'own', username, ha1: ha1(username, 'sluice', 'right') }] })
  }
  proxy = await openPoolingProxy(stand.gateways.map(({ port }) => port))
}
afterEach(async () => {
  cpes.splice(0).forEach((cpe) => cpe.close())
  proxy.close()
  await stand.close()
})

const cpeOf = (serial: string, more: Partial<Parameters<typeof createCpe>[0]> = {}) => {
  const cpe = createCpe({ serial, port: () => proxy.port, cookies: false, ...more })
  cpes.push(cpe)
  usernames.set(cpe.deviceKey, `00D09E-HomeBox-${serial}`)
  return cpe
}
/** Sends, is challenged, and sends again with credentials, as a client does that keeps nothing at all. */
const proven = async (serial: string, send: (headers: Record<string, string>) => Promise<Heard>, more: object = {}) => {
  const challenged = await send({})
  expect(challenged.status).toBe(401)
  const challenges = challenged.headers['www-authenticate'] ?? ''
  const credentials = { username: `00D09E-HomeBox-${serial}`, password: 'right', ...more }
  const answer = answerChallenge({ challenges, method: 'POST', uri: '/acs', cnonce: 'abc', nc: 1, ...credentials })
  return send({ authorization: answer.kind === 'answer' ? answer.authorization : '' })
}
const inform = (cpe: TestCpe, serial: string, more: object = {}) =>
  proven(serial, (headers) => cpe.inform({ headers }), more)
const empty = (cpe: TestCpe, serial: string, more: object = {}) =>
  proven(serial, (headers) => cpe.post('', headers), more)
const say = (cpe: TestCpe, serial: string, rpc: string, inner = '') =>
  proven(serial, (headers) => cpe.say(rpc, inner, '1', headers))
const accepted = '<Status>1</Status><StartTime/><CompleteTime/>'

describe('behind a proxy that pools its connections', () => {
  beforeEach(() => open('digest', 1))

  test('security 3: nobody continues a session for coming over the connection it was opened on', async () => {
    const device = cpeOf('S1')
    await stand.hotStore.place([hint(device.deviceKey)])
    expect((await inform(device, 'S1')).rpc).toBe('InformResponse')
    const stranger = cpeOf('stranger')
    for (const heard of [await stranger.empty(), await stranger.say('GetRPCMethods'), await stranger.post('<a')]) {
      expect([heard.status, heard.body]).toEqual([401, ''])
    }
    expect((await empty(device, 'S1')).rpc).toBe('GetParameterValues')
  })

  test('the credentials of one device do not continue the session of another', async () => {
    const device = cpeOf('S1')
    await inform(device, 'S1')
    const other = cpeOf('S2')
    expect((await inform(other, 'S2')).rpc).toBe('InformResponse')
    expect((await empty(other, 'S1', { password: 'guess' })).status).toBe(401)
    await stand.hotStore.place([hint(device.deviceKey)])
    expect((await empty(other, 'S2')).status).toBe(204)
    expect((await empty(device, 'S1')).rpc).toBe('GetParameterValues')
  })
})

describe('a CPE that returns no cookie', () => {
  beforeEach(() => open('digest', 2))

  test('is upgraded over any gateway and any connection, known by its user name', async () => {
    const cpe = cpeOf('S1', { keepAlive: false })
    await stand.hotStore.place([hint(cpe.deviceKey)])
    await inform(cpe, 'S1')
    const asked = await empty(cpe, 'S1')
    const values = answerValues(asked, () => 'x')
    expect((await say(cpe, 'S1', 'GetParameterValuesResponse', values)).rpc).toBe('Download')
    expect((await say(cpe, 'S1', 'DownloadResponse', accepted)).status).toBe(204)
    expect(stand.claims).toHaveLength(1)
  })

  test('does not get into a session that somebody opened in its name', async () => {
    const cpe = cpeOf('S1')
    await inform(cpe, 'S1')
    const forge = (headers: Record<string, string>) => cpeOf('S1').inform({ version: 'forged', headers })
    expect((await proven('S1', forge, { password: 'guess' })).status).toBe(401)
    expect((await empty(cpe, 'S1')).status).toBe(204)
    const key = { deviceKey: cpe.deviceKey, token: 'probe' }
    const [probe] = await stand.hotStore.open([{ key, state: '', ttlMs: 1_000, version: null }])
    expect(probe!.record.lastVersion).toBe('1.0')
  })

  test.each(['right', 'new'])(
    'goes on after it was given another password, signing with the %s one',
    async (password) => {
      const cpe = cpeOf('S1')
      await stand.hotStore.place([callHint(cpe.deviceKey, 1), callHint(cpe.deviceKey, 2)])
      const parameters = [{ name: 'Device.ManagementServer.Password', value: 'new', type: 'string' as const }]
      stand.others.onCall = committingCalls({
        [taskId(1)]: { method: 'SetParameterValues', parameters },
        [taskId(2)]: { method: 'Reboot' },
      })
      await inform(cpe, 'S1')
      expect((await empty(cpe, 'S1')).rpc).toBe('SetParameterValues')
      const username = '00D09E-HomeBox-S1'
      const candidate = (role: 'own' | 'pending', text: string) => ({
        role,
        username,
        ha1: ha1(username, 'sluice', text),
      })
      stand.onCredential = () =>
        answered({ kind: 'known', candidates: [candidate('own', 'right'), candidate('pending', 'new')] })
      const respond = (rpc: string, inner = '') =>
        proven('S1', (headers) => cpe.say(rpc, inner, '1', headers), { password })
      expect((await respond('SetParameterValuesResponse', '<Status>1</Status>')).rpc).toBe('Reboot')
      expect((await respond('RebootResponse')).status).toBe(204)
      expect(stand.others.reports.map(({ kind }) => kind)).toEqual(['answered', 'answered'])
      expect(stand.others.confirmed).toEqual([])
    },
  )

  test('may answer at length once it has proved again who it is, and nobody else in its name', async () => {
    const cpe = cpeOf('S1')
    await stand.hotStore.place([callHint(cpe.deviceKey, 1)])
    const path = { path: 'Device.', nextLevel: false }
    stand.others.onCall = committingCalls({ [taskId(1)]: { method: 'GetParameterNames', ...path } })
    await inform(cpe, 'S1')
    expect((await empty(cpe, 'S1')).rpc).toBe('GetParameterNames')
    const struct =
      '<ParameterInfoStruct><Name>Device.WiFi.Radio.1.Enable</Name><Writable>1</Writable></ParameterInfoStruct>'
    const list = `<ParameterList>${struct.repeat(3_000)}</ParameterList>`
    const answerAs = (password: string) =>
      proven(
        'S1',
        (headers) => cpe.say('GetParameterNamesResponse', 'authorization' in headers ? list : '', '1', headers),
        {
          password,
        },
      )
    expect((await answerAs('guess')).status).toBe(413)
    expect(stand.others.reports).toEqual([])
    expect((await answerAs('right')).status).toBe(204)
    expect(stand.others.reports).toMatchObject([{ result: { kind: 'response' } }])
  })

  test('whose cookie nobody knows is known by its user name as well', async () => {
    const cpe = cpeOf('S1')
    await inform(cpe, 'S1')
    const stale = { cookie: `sluice=${cpe.deviceKey}.${'A'.repeat(22)}` }
    const heard = await proven('S1', (headers) => cpe.say('GetRPCMethods', '', '1', { ...stale, ...headers }))
    expect(heard.rpc).toBe('GetRPCMethodsResponse')
  })

  test('has no session without an Inform', async () => {
    const cpe = cpeOf('S1')
    expect((await empty(cpe, 'S1')).status).toBe(204)
    expect((await say(cpe, 'S1', 'GetRPCMethods')).status).toBe(400)
  })

  test('and whose user name says nothing of it needs a cookie', async () => {
    const cpe = cpeOf('S1')
    usernames.set(cpe.deviceKey, 'subscriber')
    expect((await inform(cpe, 'S1', { username: 'subscriber' })).rpc).toBe('InformResponse')
    expect((await empty(cpe, 'S1', { username: 'subscriber' })).status).toBe(204)
    await stand.hotStore.place([hint(cpe.deviceKey)])
    expect((await empty(cpe, 'S1', { username: 'subscriber' })).rpc).toBe('')
  })
})

describe('with basic authentication', () => {
  beforeEach(() => open('basic', 2))

  test('a CPE that returns no cookie is known by its user name', async () => {
    const cpe = cpeOf('S1')
    await stand.hotStore.place([hint(cpe.deviceKey)])
    await inform(cpe, 'S1')
    expect((await empty(cpe, 'S1', { password: 'guess' })).status).toBe(401)
    expect((await empty(cpe, 'S1')).rpc).toBe('GetParameterValues')
  })
})
