import { describe, expect, it } from 'vitest'
import { aWhile, newImage, SERIAL, startBench } from '../test/bench.ts'
import { call, downloadCall, eventsOf } from '../test/scripted-acs.ts'
import { buildSimulatedImage, testVendorKey } from './index.ts'

describe('a device that behaves', () => {
  it('downloads, checks, flashes, reboots and reports in the boot session', async () => {
    const bench = await startBench()
    await bench.until('transfer_complete_answered')
    expect(bench.happened()).toEqual([
      'booted',
      'informed',
      'download_received',
      'download_answered',
      'bytes_received',
      'flashed',
      'booted',
      'informed',
      'transfer_complete_sent',
      'transfer_complete_answered',
    ])
    expect(bench.informs()).toEqual([
      ['0 BOOTSTRAP', '1 BOOT'],
      ['4 VALUE CHANGE', '1 BOOT', '7 TRANSFER COMPLETE', 'M Download'],
    ])
    expect(bench.state()).toEqual({
      deviceName: '02A1B2-SimGateway-SIM000001',
      serialNumber: SERIAL,
      version: '2.0.0',
      outcomeAsDeviceSeesIt: 'running_new',
      settingsIntact: true,
      downloadsReceivedByCommandKey: { 'key-1': 1 },
    })
  })

  it('takes the minimal form of Download as well', async () => {
    const bench = await startBench({ calls: (url) => [downloadCall('key-1', url, { minimal: true })] })
    await bench.until('transfer_complete_answered')
    expect(bench.state().version).toBe('2.0.0')
  })

  it('refuses a changed image with 9019, stays on its version and does not reboot', async () => {
    const changed = Buffer.from(newImage)
    changed.writeUInt8(changed.readUInt8(5_000) ^ 1, 5_000)
    const bench = await startBench({ image: changed })
    await bench.until('transfer_complete_answered')
    expect(bench.lines.find(({ what }) => what === 'image_refused')).toMatchObject({ fault: 9019 })
    expect(bench.informs()[1]).toEqual(['7 TRANSFER COMPLETE', 'M Download'])
    expect(bench.acs.posts.find(({ name }) => name === 'TransferComplete')?.body).toContain('<FaultCode>9019<')
    expect(bench.state()).toMatchObject({ version: '1.0.0', outcomeAsDeviceSeesIt: 'refused' })
  })

  it('refuses what is no image with 9018', async () => {
    const bench = await startBench({ image: Buffer.from('<html>not found</html>') })
    await bench.until('transfer_complete_answered')
    expect(bench.lines.find(({ what }) => what === 'image_refused')).toMatchObject({ fault: 9018 })
  })

  it.each([9016, 9010] as const)('reports a missing file as its vendor does (%d)', async (fault) => {
    const bench = await startBench({
      calls: (url) => [downloadCall('key-1', `${url}-not-there`)],
      fleet: { device: { missingFileFault: fault } },
    })
    await bench.until('transfer_complete_answered')
    expect(bench.lines.find(({ what }) => what === 'download_failed')).toMatchObject({ fault })
    expect(bench.state().outcomeAsDeviceSeesIt).toBe('download_failed')
  })

  it('reports 9015 when nobody listens at the address', async () => {
    const bench = await startBench({ calls: () => [downloadCall('key-1', 'http://127.0.0.1:9/fw.bin')] })
    await bench.until('transfer_complete_answered')
    expect(bench.lines.find(({ what }) => what === 'download_failed')).toMatchObject({ fault: 9015 })
  })

  it.each([false, true])(
    'logs in to the file server with the credentials of the Download (digest: %s)',
    async (digest) => {
      const bench = await startBench({
        serve: { login: 'dl:se/cr:et@1'.replace(':et', 'et'), digest },
        calls: (url) => [downloadCall('key-1', url, { login: 'dl:se/cret@1' })],
      })
      await bench.until('transfer_complete_answered')
      expect(bench.acs.served.map(({ authorization }) => authorization?.split(' ')[0])).toEqual([
        undefined,
        digest ? 'Digest' : 'Basic',
      ])
      expect(bench.state().version).toBe('2.0.0')
    },
  )

  it('reports 9012 when the file server does not take them', async () => {
    const bench = await startBench({
      serve: { login: 'dl:right' },
      calls: (url) => [downloadCall('key-1', url, { login: 'dl:wrong' })],
    })
    await bench.until('transfer_complete_answered')
    expect(bench.lines.find(({ what }) => what === 'download_failed')).toMatchObject({ fault: 9012 })
  })

  it('reports 9017 for a cut transfer, or resumes it where it is able to', async () => {
    const plain = await startBench({ serve: { cutAt: 7_000 } })
    await plain.until('transfer_complete_answered')
    expect(plain.lines.find(({ what }) => what === 'download_failed')).toMatchObject({ fault: 9017 })

    const able = await startBench({ serve: { cutAt: 7_000 }, fleet: { device: { resumes: 1 } } })
    await able.until('transfer_complete_answered')
    expect(able.acs.served.map(({ range }) => range)).toEqual([undefined, 'bytes=7000-'])
    expect(able.state().version).toBe('2.0.0')
  })

  it('refuses a Download it cannot do, each with its fault', async () => {
    const bench = await startBench({
      calls: (url) => [
        downloadCall('user', url.replace('http://', 'http://me:secret@')),
        downloadCall('ftp', 'ftp://127.0.0.1/fw.bin'),
        downloadCall('k'.repeat(33), url),
        downloadCall('type', url).replace('1 Firmware Upgrade Image', '9 Something Else'),
        downloadCall('late', url, { delaySeconds: -1 }),
        ...['a', 'b', 'c', 'd'].map((key) => downloadCall(key, url, { delaySeconds: 10_000 })),
      ],
    })
    await bench.until('download_answered', 9)
    const answers = bench.lines.flatMap((line) =>
      line.what === 'download_answered' ? [line.fault ?? line.status] : [],
    )
    expect(answers).toEqual([9003, 9013, 9003, 9003, 9003, 1, 1, 1, 9004])
    expect(JSON.stringify(bench.lines)).not.toContain('secret')
  })

  it('waits for DelaySeconds, lists the transfer meanwhile, and drops it when cancelled, without a report', async () => {
    const bench = await startBench({
      calls: (url) => [
        downloadCall('key-1', url, { delaySeconds: 1_500 }),
        call('GetAllQueuedTransfers'),
        call('CancelTransfer', '<CommandKey>key-1</CommandKey>'),
        call('GetAllQueuedTransfers'),
      ],
    })
    await bench.until('cancelled')
    await aWhile(1_700)
    const lists = bench.acs.posts.filter(({ name }) => name === 'GetAllQueuedTransfersResponse')
    expect(lists.map(({ body }) => body.includes('<CommandKey>key-1<'))).toEqual([true, false])
    expect(bench.acs.served).toEqual([])
    expect(bench.posted()).not.toContain('TransferComplete')
    expect(bench.state().outcomeAsDeviceSeesIt).toBe('cancelled')
  })

  it('performs every Download it holds, one after the other, with a report for each', async () => {
    const bench = await startBench({ calls: (url) => [downloadCall('key-1', url), downloadCall('key-2', url)] })
    await bench.until('transfer_complete_answered', 2)
    expect(bench.state().downloadsReceivedByCommandKey).toEqual({ 'key-1': 1, 'key-2': 1 })
    expect(bench.lines.filter(({ what }) => what === 'flashed')).toHaveLength(2)
  })

  it('forgets an unanswered report when it is reset to factory settings', async () => {
    const bench = await startBench({ before: (acs) => acs.refuseNextReport() })
    await bench.until('flashed')
    bench.acs.ask(SERIAL, call('FactoryReset'))
    await bench.until('informed', 3)
    await aWhile()
    expect(bench.informs()[2]).toEqual(['0 BOOTSTRAP', '1 BOOT'])
    expect(bench.posted().filter((name) => name === 'TransferComplete')).toHaveLength(1)
  })

  it('never redelivers what was answered and always redelivers what was not', async () => {
    const bench = await startBench({ before: (acs) => acs.refuseNextReport() })
    await bench.until('transfer_complete_answered')
    expect(bench.informs()).toEqual([
      ['0 BOOTSTRAP', '1 BOOT'],
      ['4 VALUE CHANGE', '1 BOOT', '7 TRANSFER COMPLETE', 'M Download'],
      ['7 TRANSFER COMPLETE', 'M Download'],
    ])
  })
})

describe('a bad release', () => {
  it('hurts the share of devices it was built to hurt, the same ones every time', async () => {
    const image = buildSimulatedImage({
      version: '2.0.0',
      sizeBytes: 2_000,
      privateKey: testVendorKey().privateKey,
      behaviour: { refuseShare: 0.2, fallBackShare: 0.3, loseSettingsShare: 0.2, silentShare: 0.1 },
    })
    const outcomes = async (): Promise<string[]> => {
      const bench = await startBench({
        image,
        fleet: { count: 40 },
        before: (acs) => {
          const url = acs.serve('/fw.bin', image)
          for (let n = 1; n <= 40; n += 1) acs.ask(`SIM${String(n).padStart(6, '0')}`, downloadCall('key', url))
        },
        calls: () => [],
      })
      const settled = (): boolean =>
        bench.fleet.states().every(({ outcomeAsDeviceSeesIt: seen }) => seen !== 'untouched' && seen !== 'in_progress')
      while (!settled()) await aWhile(20)
      await aWhile()
      return bench.fleet.states().map(({ outcomeAsDeviceSeesIt }) => outcomeAsDeviceSeesIt)
    }
    const first = await outcomes()
    expect(new Set(first)).toEqual(
      new Set(['running_new', 'refused', 'fell_back', 'running_new_settings_lost', 'silent']),
    )
    expect(await outcomes()).toEqual(first)
  })
})

describe('ordered to misbehave, a device', () => {
  it('refusesImage: reports the ordered fault and does not reboot (6.a)', async () => {
    const bench = await startBench({ faults: { refusesImage: 9001 } })
    await bench.until('transfer_complete_answered')
    expect(bench.acs.posts.find(({ name }) => name === 'TransferComplete')?.body).toContain('<FaultCode>9001<')
    expect(
      bench
        .informs()
        .flat()
        .filter((code) => code === '1 BOOT'),
    ).toHaveLength(1)
  })

  it('fallsBackUnseen: the ACS sees a boot of the old version and no report (8.a)', async () => {
    const bench = await startBench({ faults: { fallsBackUnseen: true } })
    await bench.until('informed', 2)
    expect(bench.informs()[1]).toContain('1 BOOT')
    expect(bench.acs.posts.every(({ body }) => !body.includes('>2.0.0<'))).toBe(true)
    expect(bench.posted()).not.toContain('TransferComplete')
    expect(
      bench.lines.filter(({ what }) => what === 'booted').map((line) => line.what === 'booted' && line.version),
    ).toEqual(['1.0.0', '2.0.0', '1.0.0'])
    expect(bench.state()).toMatchObject({ version: '1.0.0', outcomeAsDeviceSeesIt: 'fell_back' })
  })

  it('fallsBackUnseen, claiming success: TransferComplete 0 comes from the old version', async () => {
    const bench = await startBench({ faults: { fallsBackUnseen: 'claims_success' } })
    await bench.until('transfer_complete_answered')
    expect(bench.acs.posts.find(({ name }) => name === 'TransferComplete')?.body).toContain('<FaultCode>0<')
    expect(bench.acs.posts.every(({ body }) => !body.includes('>2.0.0<'))).toBe(true)
  })

  it('fallsBackSeen: informs once on the new version, then from the old one', async () => {
    const bench = await startBench({ faults: { fallsBackSeen: true } })
    await bench.until('informed', 3)
    const versions = bench.lines.flatMap((line) => (line.what === 'informed' ? [line.version] : []))
    expect(versions).toEqual(['1.0.0', '2.0.0', '1.0.0'])
    expect(bench.informs()[2]).toEqual(['4 VALUE CHANGE', '1 BOOT'])
    expect(bench.state().outcomeAsDeviceSeesIt).toBe('fell_back')
  })

  it('losesSettingsByReset: says 0 BOOTSTRAP on the new version, and the report is discarded for good (10.a)', async () => {
    const bench = await startBench({ faults: { losesSettingsByReset: true } })
    await bench.until('informed', 2)
    await aWhile()
    expect(bench.informs()[1]).toEqual(['0 BOOTSTRAP', '1 BOOT'])
    expect(bench.posted()).not.toContain('TransferComplete')
    expect(bench.state()).toMatchObject({ outcomeAsDeviceSeesIt: 'running_new_settings_lost', settingsIntact: false })
  })

  it('losesSettingsByReset, regained: the subscriber puts them back', async () => {
    const bench = await startBench({ faults: { losesSettingsByReset: { regainAfterMs: 60 } } })
    await bench.until('informed', 3)
    expect(bench.informs()[2]).toEqual(['4 VALUE CHANGE'])
    expect(bench.state()).toMatchObject({ outcomeAsDeviceSeesIt: 'running_new_settings_lost', settingsIntact: true })
  })

  it('losesSettingsSilently: the SSID is another one and nothing says so', async () => {
    const bench = await startBench({ faults: { losesSettingsSilently: true } })
    await bench.until('transfer_complete_answered')
    bench.acs.ask(
      SERIAL,
      call('GetParameterValues', '<ParameterNames><string>Device.WiFi.SSID.1.SSID</string></ParameterNames>'),
    )
    bench.fleet.devices[0]?.inform()
    await bench.acs.seen((posts) => posts.some(({ name }) => name === 'GetParameterValuesResponse'))
    expect(bench.acs.posts.find(({ name }) => name === 'GetParameterValuesResponse')?.body).toContain('factory-0001')
    expect(bench.informs()[1]).not.toContain('0 BOOTSTRAP')
    expect(bench.state().outcomeAsDeviceSeesIt).toBe('running_new_settings_lost')
  })

  it('losesSettingsSilently: what the ACS writes back is regained', async () => {
    const bench = await startBench({ faults: { losesSettingsSilently: true } })
    await bench.until('transfer_complete_answered')
    const { subscriber } = bench.fleet.devices[0]!.settings
    const list =
      '<ParameterList><ParameterValueStruct><Name>Device.WiFi.SSID.1.SSID</Name>' +
      `<Value>${subscriber.ssid}</Value></ParameterValueStruct></ParameterList><ParameterKey/>`
    bench.acs.ask(SERIAL, call('SetParameterValues', list))
    bench.fleet.devices[0]?.inform()
    await bench.until('settings_regained')
    expect(bench.state()).toMatchObject({ settingsIntact: true })
  })

  it('breaksService: the parameter reads so on the new version', async () => {
    const name = 'Device.IP.Interface.1.IPv4Address.1.IPAddress'
    const bench = await startBench({ faults: { breaksService: { name, value: '0.0.0.0' } } })
    expect(bench.fleet.devices[0]?.read(name)).toBe('192.0.2.1')
    await bench.until('service_broken')
    expect(bench.fleet.devices[0]?.read(name)).toBe('0.0.0.0')
  })

  it('rebootLoops: boots the new version so many times more, and informs of each', async () => {
    const bench = await startBench({ faults: { rebootLoops: 3 } })
    await bench.acs.seen(() => bench.informs().filter((inform) => inform.includes('1 BOOT')).length === 5)
    expect(bench.happened().filter((what) => what === 'booted')).toHaveLength(5)
    expect(bench.state().outcomeAsDeviceSeesIt).toBe('running_new')
  })

  it('goesSilent: is not heard of after the flash', async () => {
    const bench = await startBench({ faults: { goesSilent: true }, fleet: { periodicInformMs: 30 } })
    await bench.until('silent')
    // What it had sent before has arrived by then.
    await aWhile()
    const posts = bench.acs.posts.length
    await aWhile()
    expect(bench.happened()).toContain('bytes_received')
    expect(bench.acs.posts).toHaveLength(posts)
    expect(bench.state().outcomeAsDeviceSeesIt).toBe('silent')
  })

  it('goesSilentBeforeDownload: accepts and asks for no byte', async () => {
    const bench = await startBench({ faults: { goesSilentBeforeDownload: true } })
    await bench.until('silent')
    await aWhile()
    expect(bench.posted()).toContain('DownloadResponse')
    expect(bench.acs.served).toEqual([])
  })

  it('repeatsTransferComplete: sends it that many times more', async () => {
    const bench = await startBench({ faults: { repeatsTransferComplete: 2 } })
    await bench.until('transfer_complete_answered', 3)
    await aWhile()
    expect(bench.posted().filter((name) => name === 'TransferComplete')).toHaveLength(3)
  })

  it('delaysTransferComplete: boots without it and sends it later', async () => {
    const bench = await startBench({ faults: { delaysTransferComplete: 100 } })
    await bench.until('transfer_complete_answered')
    expect(bench.informs().slice(1)).toEqual([
      ['4 VALUE CHANGE', '1 BOOT'],
      ['7 TRANSFER COMPLETE', 'M Download'],
    ])
  })

  it('neverSendsTransferComplete: the new version is all there is to see', async () => {
    const bench = await startBench({ faults: { neverSendsTransferComplete: true } })
    await bench.until('informed', 2)
    await aWhile()
    expect(bench.informs().slice(1)).toEqual([['4 VALUE CHANGE', '1 BOOT']])
    expect(bench.posted()).not.toContain('TransferComplete')
  })

  it('transferCompleteBeforeReboot: claims success on the old version', async () => {
    const bench = await startBench({ faults: { transferCompleteBeforeReboot: true } })
    await bench.until('informed', 3)
    expect(bench.informs().slice(1)).toEqual([
      ['7 TRANSFER COMPLETE', 'M Download'],
      ['4 VALUE CHANGE', '1 BOOT'],
    ])
    const versions = bench.lines.flatMap((line) => (line.what === 'informed' ? [line.version] : []))
    expect(versions).toEqual(['1.0.0', '1.0.0', '2.0.0'])
  })

  it('transferCompleteInSameSession: reports after its empty POST, and reboots afterwards', async () => {
    const bench = await startBench({ faults: { transferCompleteInSameSession: true } })
    await bench.until('informed', 2)
    expect(bench.posted().slice(0, 5)).toEqual(['Inform', '', 'DownloadResponse', 'TransferComplete', ''])
    expect(bench.informs()[1]).toEqual(['4 VALUE CHANGE', '1 BOOT'])
    expect(bench.posted().filter((name) => name === 'TransferComplete')).toHaveLength(1)
  })

  it('appliesInSession: says Status 0 and never sends a TransferComplete', async () => {
    const bench = await startBench({ faults: { appliesInSession: true } })
    await bench.until('informed', 2)
    expect(bench.acs.posts.find(({ name }) => name === 'DownloadResponse')?.body).toContain('<Status>0<')
    expect(bench.posted()).not.toContain('TransferComplete')
    expect(bench.state().version).toBe('2.0.0')
  })

  it('blanksCommandKey: the report and its event carry no key', async () => {
    const bench = await startBench({ faults: { blanksCommandKey: true } })
    await bench.until('transfer_complete_answered')
    const report = bench.acs.posts.find(({ name }) => name === 'TransferComplete')
    expect(report?.body).toContain('<CommandKey></CommandKey>')
    const inform = bench.acs.posts.find((post) => eventsOf(post).includes('M Download'))
    expect(inform?.body).not.toContain('key-1')
  })

  it.each(['performs', 'forgets'] as const)(
    'dropsAfterDownload: cuts the connection and %s the download',
    async (what) => {
      const bench = await startBench({ faults: { dropsAfterDownload: what } })
      await bench.until('session_failed')
      await (what === 'performs' ? bench.until('transfer_complete_answered') : aWhile())
      expect(bench.posted()).not.toContain('DownloadResponse')
      expect(bench.acs.served).toHaveLength(what === 'performs' ? 1 : 0)
      expect(bench.state().version).toBe(what === 'performs' ? '2.0.0' : '1.0.0')
    },
  )

  it('minimalDownloadOnly and fullDownloadOnly: each refuses the other form with 9003', async () => {
    const calls = (url: string): string[] => [downloadCall('all', url), downloadCall('few', url, { minimal: true })]
    const refused = async (faults: object): Promise<unknown[]> => {
      const bench = await startBench({ faults, calls })
      await bench.until('download_answered', 2)
      return bench.lines.flatMap((line) => (line.what === 'download_answered' ? [line.fault ?? line.status] : []))
    }
    expect(await refused({ minimalDownloadOnly: true })).toEqual([9003, 1])
    expect(await refused({ fullDownloadOnly: true })).toEqual([1, 9003])
  })

  it('refusesCancel: answers 9021 and performs the download', async () => {
    const bench = await startBench({
      faults: { refusesCancel: true },
      calls: (url) => [downloadCall('key-1', url), call('CancelTransfer', '<CommandKey>key-1</CommandKey>')],
    })
    await bench.until('transfer_complete_answered')
    expect(bench.lines.find(({ what }) => what === 'called')).toMatchObject({ method: 'CancelTransfer', fault: 9021 })
  })
})
