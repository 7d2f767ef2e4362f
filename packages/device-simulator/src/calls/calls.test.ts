import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { aWhile, newImage, SERIAL, startBench, type Bench, type BenchOrder } from '../../test/bench.ts'
import { call, downloadCall } from '../../test/scripted-acs.ts'

const names = (...all: string[]): string =>
  `<ParameterNames>${all.map((name) => `<string>${name}</string>`).join('')}</ParameterNames>`
const read = (...all: string[]): string => call('GetParameterValues', names(...all))
const value = (name: string, text: string, type = 'xsd:string'): string =>
  `<ParameterValueStruct><Name>${name}</Name><Value xsi:type="${type}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">${text}</Value></ParameterValueStruct>`
const write = (...values: string[]): string =>
  call('SetParameterValues', `<ParameterList>${values.join('')}</ParameterList><ParameterKey>pk</ParameterKey>`)
const object = (name: string, path: string): string =>
  call(name, `<ObjectName>${path}</ObjectName><ParameterKey>ok</ParameterKey>`)
const path = (where: string, nextLevel: 0 | 1): string =>
  call('GetParameterNames', `<ParameterPath>${where}</ParameterPath><NextLevel>${nextLevel}</NextLevel>`)

/** The answers of the first session, in order. */
async function answersTo(calls: string[], order: BenchOrder = {}): Promise<{ bench: Bench; bodies: string[] }> {
  const bench = await startBench({ ...order, calls: () => calls })
  await bench.until('called', calls.length)
  await bench.acs.seen((posts) => posts.length >= calls.length + 2)
  return { bench, bodies: bench.acs.posts.slice(2).map(({ body }) => body) }
}
const faultIn = (body: string | undefined): string | undefined => /<FaultCode>(\d+)/.exec(body ?? '')?.[1]
const listed = (body: string | undefined): [string, string][] =>
  [...(body ?? '').matchAll(/<Name>([^<]*)<\/Name><Writable>(\d)/g)].map(([, name = '', flag = '']) => [name, flag])

describe('parameter names', () => {
  it('list objects with their dot, say who is writable, and keep to one level where asked', async () => {
    const { bodies } = await answersTo([
      path('Device.WiFi.', 0),
      path('Device.WiFi.', 1),
      path('', 1),
      path('Device.NAT.PortMapping.', 1),
      path('Device.NAT.PortMapping.', 0),
    ])
    expect(listed(bodies[0])).toEqual(
      expect.arrayContaining([
        ['Device.WiFi.', '0'],
        ['Device.WiFi.SSID.', '1'],
        ['Device.WiFi.SSID.1.', '1'],
        ['Device.WiFi.SSID.1.SSID', '1'],
        ['Device.WiFi.SSIDNumberOfEntries', '0'],
      ]),
    )
    expect(new Map(listed(bodies[1]))).toEqual(
      new Map([
        ['Device.WiFi.SSID.', '1'],
        ['Device.WiFi.SSIDNumberOfEntries', '0'],
      ]),
    )
    expect(listed(bodies[2])).toEqual([['Device.', '0']])
    expect(listed(bodies[3])).toEqual([])
    expect(listed(bodies[4])).toEqual([['Device.NAT.PortMapping.', '1']])
  })

  it('are refused for what is not there (9005) and for the next level of a parameter (9003)', async () => {
    const { bodies } = await answersTo([path('Device.Nope.', 0), path('Device.WiFi.SSID.1.SSID', 1)])
    expect(bodies.slice(0, 2).map(faultIn)).toEqual(['9005', '9003'])
  })
})

describe('parameter values', () => {
  it('are refused with the fault of each: type 9006, value 9007, read-only 9008, name 9005, and none is written', async () => {
    const server = 'Device.ManagementServer.'
    const { bench, bodies } = await answersTo([
      write(
        value(`${server}PeriodicInformEnable`, 'perhaps', 'xsd:boolean'),
        value(`${server}PeriodicInformInterval`, '60', 'xsd:dateTime'),
        value('Device.DeviceInfo.SoftwareVersion', '9'),
        value('Device.Nope', '1'),
        value('Device.WiFi.SSID.1.SSID', 'other'),
      ),
      write(value('Device.WiFi.SSID.1.SSID', 'a'), value('Device.WiFi.SSID.1.SSID', 'b')),
    ])
    expect([...(bodies[0] ?? '').matchAll(/<FaultCode>(\d+)/g)].map(([, code]) => code)).toEqual([
      '9003',
      '9007',
      '9006',
      '9008',
      '9005',
    ])
    expect(faultIn(bodies[1])).toBe('9003')
    expect(bench.device.read('Device.WiFi.SSID.1.SSID')).toBe(`home-${SERIAL}`)
    expect(bench.device.read(`${server}ParameterKey`)).toBe('')
  })

  it('are refused whole when one name is unknown, and beyond the batch the device can take', async () => {
    const two = read('Device.DeviceInfo.SoftwareVersion', 'Device.Nope')
    expect(faultIn((await answersTo([two])).bodies[0])).toBe('9005')
    const limit = { batchLimit: { names: 1, fault: 9004 } } as const
    expect(faultIn((await answersTo([two], { faults: limit })).bodies[0])).toBe('9004')
    const { bodies } = await answersTo([two], { faults: { skipsUnknownNames: true } })
    expect(bodies[0]).toContain('[1]')
  })

  it('of an object without parameters are an empty list', async () => {
    const { bodies } = await answersTo([read('Device.NAT.PortMapping.')])
    expect(bodies[0]).toContain('ParameterValueStruct[0]')
  })
})

describe('objects', () => {
  it('are added with a number or an alias, addressed by either, and deleted', async () => {
    const mapping = 'Device.NAT.PortMapping.'
    const { bench, bodies } = await answersTo([
      object('AddObject', mapping),
      object('AddObject', `${mapping}[web].`),
      write(value(`${mapping}[web].ExternalPort`, '8080', 'xsd:unsignedInt')),
      read(`${mapping}2.ExternalPort`),
      object('DeleteObject', `${mapping}1.`),
      path(mapping, 1),
    ])
    expect(bodies[0]).toContain('<InstanceNumber>1</InstanceNumber><Status>0</Status>')
    expect(bodies[1]).toContain('<InstanceNumber>2<')
    expect(bodies[3]).toContain('>8080<')
    expect(listed(bodies[5])).toEqual([[`${mapping}2.`, '1']])
    expect(bench.device.read('Device.NAT.PortMappingNumberOfEntries')).toBe('1')
    expect(bench.lines.filter(({ what }) => what === 'object_added')).toMatchObject([
      { path: `${mapping}1.`, alias: 'cpe-1' },
      { path: `${mapping}2.`, alias: 'web' },
    ])
    expect(bench.line('object_deleted')).toMatchObject({ path: `${mapping}1.` })
  })

  it('are refused: no table and a taken alias 9005, too many 9004, what is no instance 9005', async () => {
    const mapping = 'Device.NAT.PortMapping.'
    const { bodies } = await answersTo([
      object('AddObject', 'Device.DeviceInfo.'),
      object('AddObject', `${mapping}[a].`),
      object('AddObject', `${mapping}[a].`),
      ...Array<string>(4).fill(object('AddObject', mapping)),
      object('DeleteObject', mapping),
      object('DeleteObject', 'Device.SoftwareModules.ExecEnv.1.'),
    ])
    expect(bodies.slice(0, 9).map(faultIn)).toEqual([
      '9005',
      undefined,
      '9005',
      undefined,
      undefined,
      undefined,
      '9004',
      '9005',
      '9005',
    ])
  })

  it('come to be with the first value of an alias where AutoCreateInstances is on, and not otherwise', async () => {
    const set = write(value('Device.NAT.PortMapping.[ssh].InternalClient', '192.0.2.7'))
    const on = write(value('Device.ManagementServer.AutoCreateInstances', '1', 'xsd:boolean'))
    const { bench, bodies } = await answersTo([set, on, set])
    expect(bodies[0]).toMatch(/9003[\s\S]*9005/)
    expect(bench.device.read('Device.NAT.PortMapping.1.InternalClient')).toBe('192.0.2.7')
    expect(bench.device.read('Device.NAT.PortMapping.1.Alias')).toBe('ssh')
  })
})

describe('attributes', () => {
  const ssid = 'Device.WiFi.SSID.1.SSID'
  const attributes = (name: string, notification: number | undefined, access?: string): string =>
    `<SetParameterAttributesStruct><Name>${name}</Name><NotificationChange>${notification === undefined ? 0 : 1}</NotificationChange><Notification>${notification ?? 0}</Notification>` +
    `<AccessListChange>${access === undefined ? 0 : 1}</AccessListChange><AccessList>${access ? `<string>${access}</string>` : ''}</AccessList></SetParameterAttributesStruct>`
  const set = (...all: string[]): string =>
    call('SetParameterAttributes', `<ParameterList>${all.join('')}</ParameterList>`)

  it('are set and read back, and refused: 9005 for a name, 9003 for a number, 9009 where it would be told each second', async () => {
    const { bench, bodies } = await answersTo([
      set(attributes(ssid, 2, '')),
      call('GetParameterAttributes', names(ssid)),
      set(attributes('Device.Nope', 1)),
      set(attributes(ssid, 9)),
      set(attributes(ssid, 0), attributes('Device.DeviceInfo.', 2)),
      call('GetParameterAttributes', names('Device.Nope.')),
      call('GetParameterAttributes', names(ssid)),
    ])
    expect(bodies[1]).toMatch(/<Notification>2<\/Notification><AccessList [^>]*\[0\]"><\/AccessList>/)
    expect(bodies.slice(2, 6).map(faultIn)).toEqual(['9005', '9003', '9009', '9005'])
    expect(bodies[6]).toContain('<Notification>2<')
    expect(bench.device.changeAsSubscriber(ssid, 'mine')).toBe(false)
  })

  it('of 2 open a session for a changed value at once; of 1 the next Inform tells it; the ACS is not told of its own', async () => {
    const code = 'Device.DeviceInfo.ProvisioningCode'
    const { bench } = await answersTo([set(attributes(ssid, 2), attributes(code, 1)), write(value(ssid, 'by the ACS'))])
    await bench.acs.hungUp()
    bench.device.change(code, 'passive')
    await aWhile(50)
    expect(bench.informs()).toHaveLength(1)
    bench.device.inform('2 PERIODIC')
    await bench.until('informed', 2)
    expect(bench.informs()[1]).toEqual(['2 PERIODIC', '4 VALUE CHANGE'])
    await bench.acs.hungUp()
    bench.device.changeAsSubscriber(ssid, 'by hand')
    await bench.until('informed', 3)
    expect(bench.informs()[2]).toEqual(['4 VALUE CHANGE'])
    expect(bench.acs.posts.findLast(({ name }) => name === 'Inform')?.body).toContain('by hand')
    await bench.acs.hungUp()
    bench.device.inform()
    await bench.until('informed', 4)
    expect(bench.informs()[3]).toEqual(['2 PERIODIC'])
  })
})

describe('transfers', () => {
  const upload = (key: string, url: string, login = '', type = '3 Vendor Configuration File 1'): string => {
    const [username = '', password = ''] = login.split(':')
    return call(
      'Upload',
      `<CommandKey>${key}</CommandKey><FileType>${type}</FileType><URL>${url}</URL><Username>${username}</Username><Password>${password}</Password><DelaySeconds>0</DelaySeconds>`,
    )
  }
  const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

  it.each([undefined, 'basic', 'digest'] as const)(
    'send the configuration by PUT (login: %s) and report it',
    async (how) => {
      const login = how && 'up:secret'
      const bench = await startBench({ calls: () => [] })
      const url = bench.acs.receive('/config', { ...(login && { login }), digest: how === 'digest' })
      bench.acs.ask(SERIAL, upload('up-1', url, login))
      bench.device.inform()
      await bench.until('transfer_complete_answered')
      const [put] = bench.acs.puts
      expect(put?.body.toString()).toContain(`Device.WiFi.SSID.1.SSID=home-${SERIAL}`)
      expect(put?.body.toString()).not.toContain('Password')
      expect(bench.line('uploaded')).toMatchObject({
        commandKey: 'up-1',
        fileType: '3 Vendor Configuration File 1',
        bytes: put?.body.length,
        sha256: sha256(put!.body),
      })
      expect(bench.informs().at(-1)).toEqual(['7 TRANSFER COMPLETE', 'M Upload'])
      expect(bench.acs.posts.find(({ name }) => name === 'UploadResponse')?.body).toContain('<Status>1<')
    },
  )

  it('report 9012 for a login that is not taken and 9011 for a place that is not there', async () => {
    const bench = await startBench({ calls: () => [] })
    bench.acs.ask(
      SERIAL,
      upload('wrong', bench.acs.receive('/closed', { login: 'up:other' }), 'up:secret'),
      upload('nowhere', `${bench.acs.url}-nowhere`),
      upload('type', bench.acs.receive('/x'), '', '9 Nonsense'),
      upload('ftp', 'ftp://127.0.0.1/x'),
    )
    bench.device.inform()
    await bench.until('transfer_complete_answered', 2)
    const failed = bench.lines.filter((line) => line.what === 'upload_failed')
    expect(failed).toMatchObject([
      { commandKey: 'wrong', fault: 9012 },
      { commandKey: 'nowhere', fault: 9011 },
    ])
    expect(bench.lines.flatMap((line) => (line.what === 'called' ? [line.fault] : []))).toEqual([
      undefined,
      undefined,
      9003,
      9013,
    ])
  })

  it('bring any file: its digest is written down, a configuration of its own is restored, nothing reboots', async () => {
    const bench = await startBench({ calls: () => [] })
    const target = bench.acs.receive('/backup')
    bench.acs.ask(SERIAL, upload('backup', target))
    bench.device.inform()
    await bench.until('uploaded')
    const backup = bench.acs.puts[0]!.body
    bench.device.change('Device.WiFi.SSID.1.SSID', 'lost')
    const url = bench.acs.serve('/config.txt', backup)
    bench.acs.ask(
      SERIAL,
      downloadCall('restore', url).replace('1 Firmware Upgrade Image', '3 Vendor Configuration File'),
    )
    await bench.until('transfer_complete_answered')
    bench.device.inform()
    await bench.until('transfer_complete_answered', 2)
    expect(bench.line('bytes_received')).toMatchObject({ commandKey: 'restore', sha256: sha256(backup) })
    expect(bench.line('file_applied')?.names).toContain('Device.WiFi.SSID.1.SSID')
    expect(bench.device.read('Device.WiFi.SSID.1.SSID')).toBe(`home-${SERIAL}`)
    expect(bench.lines.filter(({ what }) => what === 'booted')).toHaveLength(1)
    expect(bench.state().outcomeAsDeviceSeesIt).toBe('untouched')
  })

  const schedule = (key: string, url: string, ...windows: [number, number, string][]): string =>
    call(
      'ScheduleDownload',
      `<CommandKey>${key}</CommandKey><FileType>1 Firmware Upgrade Image</FileType><URL>${url}</URL><Username></Username><Password></Password><FileSize>${newImage.length}</FileSize><TargetFileName></TargetFileName>` +
        `<TimeWindowList>${windows.map(([start, end, mode]) => `<TimeWindowStruct><WindowStart>${start}</WindowStart><WindowEnd>${end}</WindowEnd><WindowMode>${mode}</WindowMode><UserMessage></UserMessage><MaxRetries>0</MaxRetries></TimeWindowStruct>`).join('')}</TimeWindowList>`,
    )

  it('by ScheduleDownload happen within a window and report M ScheduleDownload', async () => {
    const bench = await startBench({ calls: (url) => [schedule('sd-1', url, [50, 3_600_000, '2 Immediately'])] })
    await bench.until('transfer_complete_answered')
    expect(bench.informs()[1]).toEqual(['4 VALUE CHANGE', '1 BOOT', '7 TRANSFER COMPLETE', 'M ScheduleDownload'])
    expect(bench.state()).toMatchObject({ version: '2.0.0', downloadsReceivedByCommandKey: { 'sd-1': 1 } })
    expect(bench.line('download_received')).toMatchObject({ commandKey: 'sd-1' })
  })

  it('by ScheduleDownload end with 9020 when no window could be used, and take the second one where it can', async () => {
    const faults = { neverIdle: true }
    const bench = await startBench({ faults, calls: (url) => [schedule('sd-1', url, [0, 30, '3 When Idle'])] })
    await bench.until('transfer_complete_answered')
    expect(bench.line('download_failed')).toMatchObject({ fault: 9020 })
    const second = await startBench({
      faults,
      calls: (url) => [schedule('sd-2', url, [0, 30, '3 When Idle'], [60, 3_600_000, '1 At Any Time'])],
    })
    await second.until('transfer_complete_answered')
    expect(second.state().version).toBe('2.0.0')
  })

  it('by ScheduleDownload are refused with 9003 for windows that overlap, are none, or ask for what it cannot do', async () => {
    const bench = await startBench({
      calls: (url) => [
        schedule('none', url),
        schedule('overlap', url, [0, 60, '1 At Any Time'], [30, 90, '1 At Any Time']),
        schedule('mode', url, [0, 60, '4 Confirmation Needed']),
        schedule('empty', url, [60, 60, '1 At Any Time']),
      ],
    })
    await bench.until('called', 4)
    expect(bench.lines.flatMap((line) => (line.what === 'called' ? [line.fault] : []))).toEqual([
      9003, 9003, 9003, 9003,
    ])
  })

  it('that wait are listed in both lists, and cancelled', async () => {
    const { bench, bodies } = await answersTo([
      upload('u', 'http://127.0.0.1:9/').replace('<DelaySeconds>0', '<DelaySeconds>900000'),
      call('GetQueuedTransfers'),
      call('GetAllQueuedTransfers'),
      call('CancelTransfer', '<CommandKey>u</CommandKey>'),
      call('GetQueuedTransfers'),
    ])
    expect(bodies[1]).toContain('<CommandKey>u</CommandKey><State>1</State></QueuedTransferStruct>')
    expect(bodies[2]).toContain('<IsDownload>0</IsDownload><FileType>6 Vendor Configuration File 1</FileType>')
    expect(bodies[4]).toContain('QueuedTransferStruct[0]')
    expect(bench.line('cancelled')).toMatchObject({ commandKey: 'u' })
  })
})

describe('software modules', () => {
  const UUID = '12345678-1234-5678-1234-567812345678'
  const operation = (type: string, content: string): string =>
    `<Operations xsi:type="cwmp:${type}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">${content}</Operations>`
  const change = (key: string, ...operations: string[]): string =>
    call('ChangeDUState', `${operations.join('')}<CommandKey>${key}</CommandKey>`)

  it('are installed, updated and uninstalled, and each change is reported in one call, in order', async () => {
    const bench = await startBench({ calls: () => [] })
    const first = bench.acs.serve('/one.bin', Buffer.from('one'))
    const second = bench.acs.serve('/two.bin', Buffer.from('two'))
    bench.acs.ask(SERIAL, change('du-1', operation('InstallOpStruct', `<URL>${first}</URL><UUID>${UUID}</UUID>`)))
    bench.device.inform()
    await bench.until('report_answered')
    expect(bench.informs().at(-1)).toEqual(['11 DU STATE CHANGE COMPLETE', 'M ChangeDUState'])
    expect(bench.device.read('Device.SoftwareModules.DeploymentUnit.1.UUID')).toBe(UUID)
    bench.acs.ask(
      SERIAL,
      change(
        'du-2',
        operation('UpdateOpStruct', `<UUID>${UUID}</UUID><URL>${second}</URL>`),
        operation('UninstallOpStruct', `<UUID>${UUID}</UUID>`),
        operation('UninstallOpStruct', `<UUID>${UUID}</UUID>`),
        operation('InstallOpStruct', `<URL>${second}-not-there</URL><UUID>${UUID}</UUID>`),
        operation('InstallOpStruct', `<URL>${second}</URL><UUID>no uuid</UUID>`),
        operation('InstallOpStruct', `<URL>ftp://127.0.0.1/x</URL><UUID>${UUID}</UUID>`),
        operation('InstallOpStruct', `<URL>${second}</URL><ExecutionEnvRef>Device.Nope.1.</ExecutionEnvRef>`),
      ),
    )
    bench.device.inform()
    await bench.until('report_answered', 2)
    const changed = bench.lines.findLast((line) => line.what === 'units_changed')
    expect(changed?.what === 'units_changed' && changed.results.map(({ state, fault }) => [state, fault])).toEqual([
      ['Installed', 0],
      ['Uninstalled', 0],
      ['Installed', 9028],
      ['Failed', 9016],
      ['Failed', 9022],
      ['Failed', 9013],
      ['Failed', 9023],
    ])
    expect(bench.device.read('Device.SoftwareModules.DeploymentUnitNumberOfEntries')).toBe('0')
    const report = bench.acs.posts.findLast(({ name }) => name === 'DUStateChangeComplete')?.body
    expect(report?.match(/<Results>/g)).toHaveLength(7)
    expect(report).toContain('<CommandKey>du-2</CommandKey>')
  })

  it('are refused beyond sixteen operations (9004) and for none (9003)', async () => {
    const one = operation('UninstallOpStruct', `<UUID>${UUID}</UUID>`)
    const { bodies } = await answersTo([change('many', ...Array<string>(17).fill(one)), change('none')])
    expect(bodies.slice(0, 2).map(faultIn)).toEqual(['9004', '9003'])
  })
})

it('vouchers enable options, and are refused when they are none', async () => {
  const vouchers = (...all: string[]): string =>
    call('SetVouchers', `<VoucherList>${all.map((one) => `<base64>${one}</base64>`).join('')}</VoucherList>`)
  const options = (name: string): string => call('GetOptions', `<OptionName>${name}</OptionName>`)
  const { bench, bodies } = await answersTo([
    options(''),
    vouchers('c29tZSB2b3VjaGVy'),
    options('VoIP'),
    options('Nope'),
    vouchers('not base64!'),
  ])
  expect(bodies[0]?.match(/<State>0</g)).toHaveLength(2)
  expect(bodies[2]).toMatch(/<State>3<[\s\S]*<Mode>2</)
  expect(bodies.slice(3, 5).map(faultIn)).toEqual(['9003', '9003'])
  expect(bench.line('vouchers_set')).toMatchObject({ count: 1 })
})

it('every method of its list is known', async () => {
  const { bodies } = await answersTo([call('GetRPCMethods')])
  const methods = [...(bodies[0] ?? '').matchAll(/<string>([^<]*)/g)].map(([, name]) => name)
  expect(methods).toHaveLength(20)
  expect(methods).toContain('ChangeDUState')
})
