import { describe, expect, it } from 'vitest'
import { SERIAL, startBench } from '../test/bench.ts'
import { call, downloadCall, eventsOf } from '../test/scripted-acs.ts'
import { createFleet } from './index.ts'

const none = (): string[] => []
const passwords = new Map(
  createFleet({ acsUrl: 'http://127.0.0.1:9/', count: 3, seed: 7 })
    .credentials()
    .map(({ username, password }) => [username, password]),
)
const password = (username: string): string | undefined => passwords.get(username)

describe('a session', () => {
  it('runs from Inform to the empty answer over one connection, with the cookie it was given', async () => {
    const bench = await startBench({ calls: () => [call('GetRPCMethods')] })
    await bench.until('called')
    await bench.acs.hungUp()
    expect(bench.posted()).toEqual(['Inform', '', 'GetRPCMethodsResponse'])
    expect(new Set(bench.acs.posts.map(({ connection }) => connection)).size).toBe(1)
    expect(bench.acs.posts.slice(1).every(({ headers }) => headers.cookie?.startsWith('sid='))).toBe(true)
  })

  it.each(['basic', 'digest', 'digest-sha256', 'digest-rfc2069'] as const)('answers a %s challenge', async (scheme) => {
    const bench = await startBench({ auth: { scheme, password }, calls: none })
    await bench.until('informed')
    await bench.acs.hungUp()
    expect(bench.posted()).toEqual(['Inform', 'Inform', ''])
    expect(bench.acs.posts[0]?.headers.authorization).toBeUndefined()
  })

  it('counts the uses of a nonce', async () => {
    const bench = await startBench({ auth: { scheme: 'digest', password }, calls: () => [call('GetRPCMethods')] })
    await bench.until('called')
    await bench.acs.hungUp()
    const counts = bench.acs.posts.map(({ headers }) => /nc=(\w+)/.exec(headers.authorization ?? '')?.[1])
    expect(counts).toEqual([undefined, '00000001', '00000002', '00000003'])
  })

  it('answers a stale nonce once more, and no other second challenge', async () => {
    const bench = await startBench({
      auth: { scheme: 'digest', password },
      calls: none,
      before: (acs) => acs.callStaleNext(1),
    })
    await bench.until('informed')
    await bench.acs.hungUp()
    expect(bench.posted()).toEqual(['Inform', 'Inform', 'Inform', ''])
  })

  it('follows a redirect for the rest of the session only, and takes its cookies along', async () => {
    const bench = await startBench({ calls: none, before: (acs) => acs.redirectNext('/elsewhere') })
    await bench.until('informed')
    bench.fleet.devices[0]?.inform()
    await bench.until('informed', 2)
    await bench.acs.hungUp()
    expect(bench.acs.posts.map(({ path }) => path)).toEqual(['/acs', '/elsewhere', '/elsewhere', '/acs', '/acs'])
  })

  it('sends Basic unasked where it is told to', async () => {
    const bench = await startBench({ auth: { scheme: 'basic', password }, calls: none, fleet: { auth: 'basic' } })
    await bench.until('informed')
    await bench.acs.hungUp()
    expect(bench.posted()).toEqual(['Inform', ''])
  })

  it('is tried again after 503, with its count and all its events', async () => {
    const bench = await startBench({ calls: none, before: (acs) => acs.failNext(2) })
    await bench.until('informed')
    expect(bench.informs()).toEqual(Array(3).fill(['0 BOOTSTRAP', '1 BOOT']))
    bench.fleet.devices[0]?.inform()
    await bench.until('informed', 2)
    const counts = bench.acs.posts.map(({ body }) => /<RetryCount>(\d+)</.exec(body)?.[1]).filter(Boolean)
    expect(counts).toEqual(['0', '1', '2', '0'])
  })

  it('is not tried again to the events the ACS has answered', async () => {
    const bench = await startBench({ faults: { dropsAfterDownload: 'forgets' } })
    await bench.acs.seen((posts) => posts.filter(({ name }) => name === 'Inform').length === 2)
    expect(bench.informs()).toEqual([['0 BOOTSTRAP', '1 BOOT'], []])
  })

  it('holds its report back while the ACS holds requests', async () => {
    const bench = await startBench({ before: (acs) => (acs.hold = true) })
    await bench.until('transfer_complete_answered')
    const second = bench.posted().slice(bench.posted().lastIndexOf('Inform'))
    expect(second.slice(0, 3)).toEqual(['Inform', '', 'TransferComplete'])
  })

  it('informs again at the scheduled time, with the key it was given', async () => {
    const schedule = call('ScheduleInform', '<DelaySeconds>30</DelaySeconds><CommandKey>soak-1</CommandKey>')
    const bench = await startBench({ calls: () => [schedule] })
    await bench.until('informed', 2)
    expect(bench.informs()[1]).toEqual(['3 SCHEDULED', 'M ScheduleInform'])
    expect(bench.acs.posts.find((post) => eventsOf(post).includes('3 SCHEDULED'))?.body).toContain('>soak-1<')
  })

  it('informs periodically, at the interval the ACS sets', async () => {
    const set = `<ParameterList><ParameterValueStruct><Name>Device.ManagementServer.PeriodicInformInterval</Name><Value>40</Value></ParameterValueStruct></ParameterList><ParameterKey>pk</ParameterKey>`
    const bench = await startBench({ calls: () => [call('SetParameterValues', set)] })
    await bench.until('informed', 3)
    expect(bench.informs().slice(1, 3)).toEqual([['2 PERIODIC'], ['2 PERIODIC']])
    expect(bench.acs.posts.findLast(({ name }) => name === 'Inform')?.body).toContain('>pk<')
  })

  it('is over before the device reboots', async () => {
    const bench = await startBench({ calls: () => Array<string>(200).fill(call('GetRPCMethods')) })
    await bench.until('called')
    bench.fleet.devices[0]?.powerCycle()
    await bench.until('booted', 2)
    expect(bench.happened().filter((what) => what === 'called')).toHaveLength(200)
  })

  it('is the last before the reboot, however soon the next one is wanted', async () => {
    const bench = await startBench({ calls: () => [call('GetRPCMethods')] })
    const device = bench.fleet.devices[0]!
    // Each session asks for the next one while it is under way.
    let asks = true
    device.onRecord(({ what }) => asks && what === 'informed' && device.inform('2 PERIODIC'))
    device.inform('2 PERIODIC')
    await bench.until('informed', 3)
    device.powerCycle()
    await bench.until('booted', 2)
    asks = false
  })

  it('ends in a reboot where one was asked for, and in BOOTSTRAP after a factory reset', async () => {
    const bench = await startBench({ calls: () => [call('Reboot', '<CommandKey>r1</CommandKey>')] })
    await bench.until('informed', 2)
    expect(bench.informs()[1]).toEqual(['1 BOOT', 'M Reboot'])
    bench.acs.ask(SERIAL, call('FactoryReset'))
    bench.fleet.devices[0]?.inform()
    await bench.until('informed', 4)
    expect(bench.informs()[3]).toEqual(['0 BOOTSTRAP', '1 BOOT'])
    expect(bench.state().settingsIntact).toBe(false)
  })
})

describe('the data model', () => {
  const read = (...names: string[]): string =>
    call(
      'GetParameterValues',
      `<ParameterNames>${names.map((one) => `<string>${one}</string>`).join('')}</ParameterNames>`,
    )
  const write = (name: string): string =>
    call(
      'SetParameterValues',
      `<ParameterList><ParameterValueStruct><Name>${name}</Name><Value>x</Value></ParameterValueStruct></ParameterList>`,
    )

  it('reads values and whole branches, hides passwords, and knows nothing of other names', async () => {
    const bench = await startBench({
      calls: () => [read('Device.WiFi.SSID.1.SSID', 'Device.Users.'), read('Device.Nothing'), call('X_000000_Do')],
    })
    await bench.until('called', 3)
    await bench.acs.hungUp()
    const [values, unknownName, unknownMethod] = bench.acs.posts.slice(2).map(({ body }) => body)
    expect(values).toContain(`>home-${SERIAL}<`)
    expect(values).toContain('<Name>Device.Users.User.1.Password</Name><Value xsi:type="xsd:string"></Value>')
    expect(unknownName).toContain('<FaultCode>9005<')
    expect(unknownMethod).toContain('<FaultCode>9000<')
  })

  it('is written all or nothing', async () => {
    const bench = await startBench({
      calls: () => [write('Device.WiFi.SSID.1.SSID'), write('Device.DeviceInfo.SoftwareVersion'), write('Device.Nope')],
    })
    await bench.until('called', 3)
    await bench.acs.hungUp()
    const [done, fixed, unknown] = bench.acs.posts.slice(2).map(({ body }) => body)
    expect(done).toContain('<Status>0<')
    expect(fixed).toMatch(/9003[\s\S]*9008/)
    expect(unknown).toMatch(/9003[\s\S]*9005/)
  })

  it('has the other root where it is ordered', async () => {
    const bench = await startBench({ calls: none, fleet: { device: { root: 'InternetGatewayDevice' } } })
    await bench.until('informed')
    expect(bench.acs.posts[0]?.body).toContain('InternetGatewayDevice.DeviceInfo.SoftwareVersion')
    expect(bench.acs.posts[0]?.body).not.toContain('>Device.')
  })
})

describe('ordered to misbehave on the line, a device', () => {
  it('noCookie: returns none', async () => {
    const bench = await startBench({ faults: { noCookie: true } })
    await bench.until('transfer_complete_answered')
    expect(bench.acs.posts.every(({ headers }) => headers.cookie === undefined)).toBe(true)
  })

  it('connectionPerPost: opens a connection for every POST', async () => {
    const bench = await startBench({ faults: { connectionPerPost: true } })
    await bench.until('transfer_complete_answered')
    const connections = bench.acs.posts.map(({ connection }) => connection)
    expect(new Set(connections).size).toBe(connections.length)
  })

  it('badPassword: is turned away twice and tries again later', async () => {
    const bench = await startBench({ auth: { scheme: 'digest', password }, faults: { badPassword: true } })
    await bench.until('session_failed', 2)
    expect(bench.posted().slice(0, 4)).toEqual(Array(4).fill('Inform'))
    expect(bench.happened()).not.toContain('informed')
  })

  it('emptyPostFirst: probes before every Inform', async () => {
    const bench = await startBench({
      auth: { scheme: 'digest', password },
      faults: { emptyPostFirst: true },
      calls: none,
    })
    await bench.until('informed')
    expect(bench.posted().slice(0, 3)).toEqual(['', '', 'Inform'])
  })

  it('chunkedPosts: sends bodies in chunks and without a length', async () => {
    const bench = await startBench({ faults: { chunkedPosts: true } })
    await bench.until('transfer_complete_answered')
    const bodies = bench.acs.posts.filter(({ name }) => name !== '')
    expect(bodies.map(({ headers }) => headers['transfer-encoding'])).toEqual(bodies.map(() => 'chunked'))
    expect(bodies.every(({ headers }) => headers['content-length'] === undefined)).toBe(true)
  })

  it('lacksMethods: answers them with 9000 and leaves them out of its list', async () => {
    const bench = await startBench({
      faults: { lacksMethods: ['Download'] },
      calls: (url) => [downloadCall('key-1', url), call('GetRPCMethods')],
    })
    await bench.until('called')
    await bench.acs.hungUp()
    expect(bench.acs.posts[2]?.body).toContain('<FaultCode>9000<')
    expect(bench.acs.posts[3]?.body).not.toContain('>Download<')
  })
})
