import { describe, expect, it } from 'vitest'
import { SERIAL, startBench } from '../test/bench.ts'
import { call, eventsOf } from '../test/scripted-acs.ts'
import type { ReportOrder, UnitResult } from './index.ts'

const unit: UnitResult = {
  operation: 'Update',
  uuid: '12345678-1234-5678-1234-567812345678',
  version: '2',
  path: 'Device.SoftwareModules.DeploymentUnit.1.',
  state: 'Installed',
  fault: 0,
}

describe('a call of its own', () => {
  const orders: [ReportOrder, string[], string][] = [
    [
      { call: 'AutonomousTransferComplete', transferUrl: 'http://elsewhere/fw', fault: 9010 },
      ['10 AUTONOMOUS TRANSFER COMPLETE'],
      '<TransferURL>http://elsewhere/fw</TransferURL><IsDownload>1</IsDownload>',
    ],
    [
      { call: 'RequestDownload', fileType: '2 Web Content', args: { Version: '7' } },
      ['9 REQUEST DOWNLOAD'],
      '<ArgStruct><Name>Version</Name><Value>7</Value></ArgStruct>',
    ],
    [
      { call: 'DUStateChangeComplete', commandKey: 'du', results: [unit] },
      ['11 DU STATE CHANGE COMPLETE', 'M ChangeDUState'],
      '<CommandKey>du</CommandKey>',
    ],
    [
      { call: 'AutonomousDUStateChangeComplete', results: [unit] },
      ['12 AUTONOMOUS DU STATE CHANGE COMPLETE'],
      '<OperationPerformed>Update</OperationPerformed>',
    ],
    [{ call: 'Kicked', command: 'go', next: '/next' }, ['5 KICKED'], '<Next>/next</Next>'],
    [{ call: 'GetRPCMethods' }, [], '<cwmp:GetRPCMethods>'],
  ]

  it.each(orders)('%j is announced, made once and settled by its answer', async (order, events, content) => {
    const bench = await startBench({ calls: () => [] })
    await bench.until('informed')
    await bench.acs.hungUp()
    bench.device.send(order)
    await bench.until('report_answered')
    expect(bench.informs()[1]).toEqual(events)
    expect(bench.acs.posts.find(({ name }) => name === order.call)?.body).toContain(content)
    await bench.acs.hungUp()
    bench.device.inform()
    await bench.until('informed', 3)
    expect(bench.informs()[2]).toEqual(['2 PERIODIC'])
    expect(bench.posted().filter((name) => name === order.call)).toHaveLength(1)
  })

  it('is answered with what the ACS said: its methods, and the next page', async () => {
    const bench = await startBench({ calls: () => [] })
    bench.device.send({ call: 'GetRPCMethods' })
    bench.device.send({ call: 'Kicked' })
    await bench.until('report_answered', 2)
    const answers = bench.lines.filter((line) => line.what === 'report_answered')
    expect(answers).toMatchObject([{ methods: ['Inform'] }, { nextUrl: '/next.html' }])
  })
})

it.each(['8 DIAGNOSTICS COMPLETE', '13 WAKEUP', '14 HEARTBEAT', 'X 02A1B2 Smoke'])(
  'event %s is told when ordered, and once',
  async (code) => {
    const bench = await startBench({ calls: () => [] })
    await bench.until('informed')
    await bench.acs.hungUp()
    bench.device.inform(code)
    await bench.until('informed', 2)
    await bench.acs.hungUp()
    bench.device.inform()
    await bench.until('informed', 3)
    expect(bench.informs().slice(1)).toEqual([[code], ['2 PERIODIC']])
  },
)

describe('ManagementServer', () => {
  const set = (...pairs: [string, string][]): string =>
    call(
      'SetParameterValues',
      `<ParameterList>${pairs.map(([name, value]) => `<ParameterValueStruct><Name>Device.ManagementServer.${name}</Name><Value>${value}</Value></ParameterValueStruct>`).join('')}</ParameterList><ParameterKey></ParameterKey>`,
    )

  it('URL moves the device to another ACS, with 0 BOOTSTRAP and nothing else', async () => {
    const other = await startBench({ calls: () => [], fleet: { serialPrefix: 'OTHER' } })
    const bench = await startBench({ calls: () => [set(['URL', other.acs.url])] })
    const [post] = await other.acs
      .seen((posts) => posts.some(({ body }) => body.includes(`>${SERIAL}<`)))
      .then((posts) => posts.filter(({ body }) => body.includes(`>${SERIAL}<`)))
    expect(post && eventsOf(post)).toEqual(['0 BOOTSTRAP'])
    expect(bench.line('acs_changed')?.urlHost).toBe(new URL(other.acs.url).host)
  })

  it('Username and Password are used from the next session on', async () => {
    const password = (username: string): string | undefined =>
      username === 'new' ? 'secret-two' : bench.fleet.credentials().find((one) => one.username === username)?.password
    const bench = await startBench({
      auth: { scheme: 'digest', password: (username) => password(username) },
      calls: () => [set(['Username', 'new'], ['Password', 'secret-two'])],
    })
    await bench.until('login_changed')
    await bench.acs.hungUp()
    bench.device.inform()
    await bench.until('informed', 2)
    expect(bench.acs.posts.at(-1)?.headers.authorization).toContain('username="new"')
    expect(JSON.stringify(bench.lines)).not.toContain('secret-two')
  })

  it('goes back to the factory with a factory reset: its login, and everything that was set or added', async () => {
    const bench = await startBench({
      auth: { scheme: 'digest', password: (username) => (username === 'factory' ? 'default' : 'mine') },
      calls: () => [
        call('AddObject', '<ObjectName>Device.NAT.PortMapping.</ObjectName><ParameterKey></ParameterKey>'),
        call('FactoryReset'),
      ],
      fleet: {
        device: { username: 'me', password: 'mine', bootstrapUsername: 'factory', bootstrapPassword: 'default' },
      },
    })
    await bench.until('informed', 2)
    const users = bench.acs.posts.map(({ headers }) => /username="(\w+)"/.exec(headers.authorization ?? '')?.[1])
    expect(users.slice(1, 4)).toEqual(['me', 'me', 'me'])
    expect(users.at(-1)).toBe('factory')
    expect(bench.informs().at(-1)).toEqual(['0 BOOTSTRAP', '1 BOOT'])
    expect(bench.device.read('Device.NAT.PortMapping.1.Enable')).toBeUndefined()
  })

  it('starts with the login of the factory where ordered', async () => {
    const login = { startsAtFactory: true, bootstrapUsername: 'factory', bootstrapPassword: 'default' }
    const bench = await startBench({ calls: () => [], fleet: { device: login } })
    expect(bench.device.read('Device.ManagementServer.Username')).toBe('factory')
    expect(bench.device.read('Device.ManagementServer.Password')).toBe('default')
  })

  it('CWMPRetryMinimumWaitInterval and its multiplier set the waits; Retry-After makes them longer', async () => {
    const bench = await startBench({
      calls: () => [set(['CWMPRetryMinimumWaitInterval', '40'], ['CWMPRetryIntervalMultiplier', '1000'])],
    })
    await bench.until('called')
    await bench.acs.hungUp()
    bench.acs.failNext(1, 503)
    bench.device.inform()
    await bench.until('informed', 2)
    await bench.acs.hungUp()
    bench.acs.failNext(1, 503, { 'Retry-After': '90' })
    bench.device.inform()
    await bench.until('informed', 3)
    const waits = bench.lines.flatMap((line) => (line.what === 'session_failed' ? [line.waitSeconds] : []))
    expect(waits).toEqual([40, 90])
  })

  it('PeriodicInformTime sets the phase, and PeriodicInformEnable switches periodic Informs off', async () => {
    const bench = await startBench({
      calls: () => [set(['PeriodicInformInterval', '300'], ['PeriodicInformTime', '2020-01-01T00:00:00Z'])],
    })
    await bench.until('informed', 4)
    const since = bench.lines
      .filter((line) => line.what === 'informed' && line.events.includes('2 PERIODIC'))
      .map(({ at }) => (Date.parse(at) - Date.parse('2020-01-01T00:00:00Z')) % 300)
    // Late on a busy machine, never early.
    expect(Math.min(...since)).toBeLessThan(150)
    bench.acs.ask(SERIAL, set(['PeriodicInformEnable', '0']))
    await bench.until('parameters_set', 2)
    await bench.acs.hungUp()
    const informs = bench.informs().length
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(bench.informs()).toHaveLength(informs)
  })
})

describe('standby (Annex L)', () => {
  const policy = (name: string, value: string): string =>
    call(
      'SetParameterValues',
      `<ParameterList><ParameterValueStruct><Name>Device.ManagementServer.StandbyPolicy.${name}</Name><Value>${value}</Value></ParameterValueStruct></ParameterList><ParameterKey></ParameterKey>`,
    )

  it.each([
    ['MaxMissedPeriodic', '0', true],
    ['MaxMissedPeriodic', '-1', false],
    ['CRUnawarenessMaxDuration', '10', true],
    ['CRUnawarenessMaxDuration', '100000', false],
  ])('%s %s: tells 13 WAKEUP: %s', async (name, value, wakeup) => {
    const bench = await startBench({ calls: () => [policy(name, value)], fleet: { periodicInformMs: 60 } })
    await bench.until('parameters_set')
    bench.device.standBy(150)
    await bench.until('standby_left')
    expect(bench.line('standby_left')).toMatchObject({ wakeup })
    if (wakeup) await bench.acs.seen((posts) => posts.some((post) => eventsOf(post).includes('13 WAKEUP')))
  })

  it('keeps what the ACS wants kept', async () => {
    const bench = await startBench({
      calls: () => [policy('PeriodicAwarenessRequested', '1')],
      fleet: { periodicInformMs: 100 },
    })
    await bench.until('parameters_set')
    bench.device.standBy(100_000)
    await bench.until('standby_left')
    await bench.until('informed', 2)
    expect(bench.informs().at(-1)).toContain('2 PERIODIC')
  })
})

describe('neighbours', () => {
  const gateway = { oui: '00D09E', productClass: 'Gate', serialNumber: 'G1' }

  it('GatewayInfo is in every Inform, and a new gateway is told at once (Annex F)', async () => {
    const bench = await startBench({ calls: () => [], fleet: { device: { gateway } } })
    await bench.until('informed')
    expect(bench.acs.posts[0]?.body).toContain(
      '<Name>Device.GatewayInfo.SerialNumber</Name><Value xsi:type="xsd:string">G1<',
    )
    await bench.acs.hungUp()
    bench.device.change('Device.GatewayInfo.SerialNumber', 'G2')
    await bench.until('informed', 2)
    expect(bench.informs()[1]).toEqual(['4 VALUE CHANGE'])
    expect(bench.acs.posts.findLast(({ name }) => name === 'Inform')?.body).toContain('>G2<')
  })

  it('a proxied device names its proxier, and a proxier those it speaks for (Annex J)', async () => {
    const sensor = { oui: '00D09E', productClass: 'Sensor', serialNumber: 'S1', protocol: 'Z-Wave' }
    const bench = await startBench({
      calls: () => [],
      fleet: {
        device: {
          proxier: { ...gateway, protocol: 'Z-Wave' },
          virtualDevices: [sensor],
          manageableDevices: [sensor],
          informs: ['Device.ManagementServer.VirtualDevice.'],
        },
      },
    })
    await bench.until('informed')
    const inform = bench.acs.posts[0]?.body
    expect(inform).toContain('Device.DeviceInfo.ProxierInfo.ProxyProtocol')
    expect(inform).toContain(
      '<Name>Device.ManagementServer.VirtualDevice.1.SerialNumber</Name><Value xsi:type="xsd:string">S1<',
    )
    expect(bench.device.read('Device.ManagementServer.ManageableDeviceNumberOfEntries')).toBe('1')
  })
})
