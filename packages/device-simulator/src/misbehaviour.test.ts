import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { aWhile, newImage, SERIAL, startBench, type Bench, type BenchOrder } from '../test/bench.ts'
import { call, downloadCall, eventsOf } from '../test/scripted-acs.ts'
import { faultByName, faultNames, type Faults } from './index.ts'

const none = (): string[] => []
const informed = async (faults: Faults, order: BenchOrder = {}): Promise<Bench> => {
  const bench = await startBench({ faults, calls: none, ...order })
  await bench.until('informed')
  await bench.acs.hungUp()
  return bench
}
const firstBody = (bench: Bench): string =>
  bench.acs.posts.find(({ name, body }) => name === 'Inform' || body !== '')?.body ?? ''
const set = (name: string, value: string): string =>
  call(
    'SetParameterValues',
    `<ParameterList><ParameterValueStruct><Name>${name}</Name><Value>${value}</Value></ParameterValueStruct></ParameterList><ParameterKey></ParameterKey>`,
  )
const password = (): string => 'x'

describe('on the line', () => {
  it('http10: every POST is HTTP/1.0 on a connection of its own, an upgrade goes through', async () => {
    const bench = await startBench({ faults: { http10: true } })
    await bench.until('transfer_complete_answered')
    const { posts } = bench.acs
    expect(new Set(posts.map(({ httpVersion }) => httpVersion))).toEqual(new Set(['1.0']))
    expect(new Set(posts.map(({ connection }) => connection)).size).toBe(posts.length)
    expect(bench.state().version).toBe('2.0.0')
  })

  it.each(['gzip', 'deflate'] as const)(
    'contentCoding %s: bodies are compressed, and plain after 415',
    async (contentCoding) => {
      const bench = await informed({ contentCoding })
      expect(bench.acs.posts[0]?.headers['content-encoding']).toBe(contentCoding)
      expect(bench.acs.posts[0]?.name).toBe('Inform')
      const refused = await informed({ contentCoding }, { before: (acs) => acs.refuseCodings() })
      expect(refused.acs.posts.map(({ headers }) => headers['content-encoding'])).toEqual([
        contentCoding,
        undefined,
        undefined,
      ])
    },
  )

  it('expectsContinue: asks before it sends a body', async () => {
    const bench = await informed({ expectsContinue: true })
    expect(bench.acs.posts.map(({ headers }) => headers.expect)).toEqual(['100-continue', undefined])
  })

  it.each([
    ['commas', /^sid=\w+, lang=en$/],
    ['quoted', /^sid="\w+"$/],
    ['attributes', /^sid=\w+; Path=\/; HttpOnly$/],
    ['attributes_first', /^Path=\/; sid=\w+$/],
  ] as const)('cookieStyle %s', async (cookieStyle, form) => {
    const bench = await informed({ cookieStyle })
    expect(bench.acs.posts[1]?.headers.cookie).toMatch(form)
  })

  it('cookieStyle previous: an Inform carries the cookie of the session before', async () => {
    const bench = await informed({ cookieStyle: 'previous' })
    bench.device.inform()
    await bench.until('informed', 2)
    await bench.acs.hungUp()
    const [first, second, third, fourth] = bench.acs.posts.map(({ headers }) => headers.cookie)
    expect(first).toBeUndefined()
    expect(third).toBe(second)
    expect(fourth).not.toBe(second)
  })

  it('probesBeforeBodies: an empty POST comes before every body', async () => {
    const bench = await startBench({
      faults: { probesBeforeBodies: true },
      calls: () => [set('Device.WiFi.SSID.1.SSID', 'a')],
    })
    await bench.until('informed')
    await bench.acs.hungUp()
    expect(bench.posted().slice(0, 3)).toEqual(['', 'Inform', ''])
  })

  it('newConnectionAfter401: the login comes on another connection than the challenge', async () => {
    const bench = await informed(
      { newConnectionAfter401: true },
      { auth: { scheme: 'digest', password }, fleet: { device: { password: 'x' } } },
    )
    const [challenged, answered] = bench.acs.posts.map(({ connection }) => connection)
    expect(answered).not.toBe(challenged)
  })

  it('repeatsInform and interleavesInforms: two Informs on one connection, the same one or another', async () => {
    const same = await informed({ repeatsInform: true })
    expect(same.posted()).toEqual(['Inform', 'Inform', ''])
    expect(same.acs.posts[0]?.body).toBe(same.acs.posts[1]?.body)
    const other = await informed({ interleavesInforms: true })
    await other.until('informed', 2)
    expect(other.informs().slice(0, 2)).toEqual([['0 BOOTSTRAP', '1 BOOT'], ['2 PERIODIC']])
    expect(new Set(other.acs.posts.slice(0, 2).map(({ connection }) => connection)).size).toBe(1)
  })

  it('hangsUpAfterInform: the session ends there, as often as ordered, and is tried again', async () => {
    const bench = await startBench({ faults: { hangsUpAfterInform: 2 }, calls: none })
    await bench.acs.seen((posts) => posts.some(({ name }) => name === ''))
    expect(bench.posted()).toEqual(['Inform', 'Inform', 'Inform', ''])
    const counts = bench.acs.posts.map(({ body }) => /<RetryCount>(\d+)</.exec(body)?.[1])
    expect(counts).toEqual(['0', '1', '2', undefined])
  })

  it('extraEmptyPosts: come after the empty answer', async () => {
    expect((await informed({ extraEmptyPosts: 2 })).posted()).toEqual(['Inform', '', '', ''])
  })

  it.each([
    ['no_declaration', 'informed'],
    ['declaration', 'session_failed'],
    ['content_length', 'informed'],
    ['cwmp_prefix', 'informed'],
    ['plain_children', 'informed'],
  ] as const)('demands %s of an ACS that sends none: %s', async (demands, what) => {
    const bench = await startBench({ faults: { demands }, calls: none })
    await bench.untilTrue(() => bench.line('informed') !== undefined || bench.line('session_failed') !== undefined)
    expect(bench.line(what)).toBeDefined()
  })

  it('severalEnvelopes: Inform and TransferComplete are one POST, and both answers are taken', async () => {
    const bench = await startBench({ faults: { severalEnvelopes: true } })
    await bench.until('transfer_complete_answered')
    await bench.acs.hungUp()
    expect(bench.posted()).not.toContain('TransferComplete')
    expect(bench.acs.posts.findLast(({ name }) => name === 'Inform')?.body.match(/Envelope>/g)).toHaveLength(2)
    bench.device.inform()
    await bench.until('informed', 3)
    expect(bench.informs()[2]).toEqual(['2 PERIODIC'])
  })

  it('contentType: says what is ordered, or nothing', async () => {
    expect((await informed({ contentType: 'text/html' })).acs.posts[0]?.headers['content-type']).toBe('text/html')
    expect((await informed({ contentType: '' })).acs.posts[0]?.headers['content-type']).toBeUndefined()
  })
})

describe('about calls', () => {
  it.each(['empty', 'drops'] as const)('unknownCalls %s: no fault comes', async (unknownCalls) => {
    const bench = await startBench({
      faults: { unknownCalls },
      calls: () => [call('X_000000_Do'), call('GetRPCMethods')],
    })
    await (unknownCalls === 'empty' ? bench.until('called') : bench.until('session_failed'))
    if (unknownCalls === 'empty') await bench.acs.hungUp()
    expect(bench.posted()).not.toContain('Fault')
    const then = unknownCalls === 'empty' ? ['', 'GetRPCMethodsResponse'] : []
    expect(bench.posted().slice(0, 2 + then.length)).toEqual(['Inform', '', ...then])
  })

  it('busyAfterBoot: what changes something is 9002 at first, reads are answered', async () => {
    const bench = await startBench({
      faults: { busyAfterBoot: { ms: 60_000, how: 'faults' } },
      calls: () => [set('Device.WiFi.SSID.1.SSID', 'a'), call('GetRPCMethods')],
    })
    await bench.until('called', 2)
    expect(bench.lines.flatMap((line) => (line.what === 'called' ? [line.fault] : []))).toEqual([9002, undefined])
  })

  it('busyAfterBoot, dropping: the connection is cut instead', async () => {
    const bench = await startBench({
      faults: { busyAfterBoot: { ms: 60_000, how: 'drops' } },
      calls: () => [set('Device.WiFi.SSID.1.SSID', 'a')],
    })
    await bench.until('session_failed')
    expect(bench.line('session_failed')).toMatchObject({ reason: 'dropped_on_purpose' })
    expect(bench.posted().slice(0, 2)).toEqual(['Inform', ''])
  })

  it('minimalDownloadOnly 9002: that is what the full form gets', async () => {
    const bench = await startBench({ faults: { minimalDownloadOnly: 9002 } })
    await bench.until('download_answered')
    expect(bench.line('download_answered')).toMatchObject({ fault: 9002 })
  })

  it('slowReadsMs: a read of a branch takes its time', async () => {
    const began = Date.now()
    const bench = await startBench({
      faults: { slowReadsMs: 200 },
      calls: () => [call('GetParameterValues', '<ParameterNames><string>Device.</string></ParameterNames>')],
    })
    await bench.until('called')
    expect(Date.now() - began).toBeGreaterThanOrEqual(200)
  })

  it('rootReads: refused, or a reboot in the middle of the session', async () => {
    const all = (): string[] => [
      call('GetParameterValues', '<ParameterNames><string>Device.</string></ParameterNames>'),
    ]
    const refused = await startBench({ faults: { rootReads: 'refused' }, calls: all })
    await refused.until('called')
    expect(refused.line('called')).toMatchObject({ fault: 9005 })
    const reboots = await startBench({ faults: { rootReads: 'reboots' }, calls: all })
    await reboots.until('booted', 2)
    expect(reboots.line('session_failed')).toMatchObject({ reason: 'crashed' })
    expect(reboots.posted()).not.toContain('Fault')
  })

  it('nextLevelDigitsOnly, maxUrlLength, forgetsScheduleInform and commitsLater: answered as ordered', async () => {
    const bench = await startBench({
      faults: { nextLevelDigitsOnly: true, maxUrlLength: 10, forgetsScheduleInform: true, commitsLater: true },
      calls: (url) => [
        call('GetParameterNames', '<ParameterPath></ParameterPath><NextLevel>true</NextLevel>'),
        downloadCall('long', url),
        call('ScheduleInform', '<DelaySeconds>1</DelaySeconds><CommandKey>c</CommandKey>'),
        set('Device.WiFi.SSID.1.SSID', 'a'),
      ],
    })
    await bench.until('called', 3)
    await bench.acs.hungUp()
    await aWhile(30)
    expect(bench.line('called')).toMatchObject({ fault: 9003 })
    expect(bench.line('download_answered')).toMatchObject({ fault: 9003 })
    expect(bench.informs()).toHaveLength(1)
    expect(bench.acs.posts.find(({ name }) => name === 'SetParameterValuesResponse')?.body).toContain('<Status>1<')
  })

  it('insistsOnFileSize: a download without its size fails with 9808', async () => {
    const bench = await startBench({ faults: { insistsOnFileSize: true } })
    await bench.until('transfer_complete_answered')
    expect(bench.line('image_refused')).toMatchObject({ fault: 9808 })
    const size = `<FileSize>${newImage.length}</FileSize>`
    const said = await startBench({
      faults: { insistsOnFileSize: true },
      calls: (url) => [downloadCall('key-1', url).replace('<FileSize>0</FileSize>', size)],
    })
    await said.until('transfer_complete_answered')
    expect(said.state().version).toBe('2.0.0')
  })

  it('transferCompleteWithoutEvent: it comes in a periodic session', async () => {
    const bench = await startBench({ faults: { transferCompleteWithoutEvent: true } })
    await bench.until('transfer_complete_answered')
    expect(bench.informs()[1]).toEqual(['4 VALUE CHANGE', '1 BOOT', '2 PERIODIC'])
  })

  it.each(['report', 'event'] as const)('blanksCommandKey %s: only there it is empty', async (blanksCommandKey) => {
    const bench = await startBench({ faults: { blanksCommandKey } })
    await bench.until('transfer_complete_answered')
    const inform = bench.acs.posts.find((post) => eventsOf(post).includes('M Download'))?.body
    const report = bench.acs.posts.find(({ name }) => name === 'TransferComplete')?.body
    expect(inform?.includes('key-1')).toBe(blanksCommandKey === 'report')
    expect(report?.includes('key-1')).toBe(blanksCommandKey === 'event')
  })
})

describe('in its messages', () => {
  it('booleanWords: true and false', async () => {
    const enable = '<ParameterNames><string>Device.ManagementServer.PeriodicInformEnable</string></ParameterNames>'
    const bench = await startBench({
      faults: { booleanWords: true },
      calls: () => [call('GetParameterValues', enable)],
    })
    await bench.until('called')
    await bench.acs.hungUp()
    expect(bench.acs.posts[2]?.body).toContain('<Value xsi:type="xsd:boolean">true</Value>')
  })

  it.each<[Faults, RegExp | string]>([
    [{ messageIds: 'no_header' }, /<soap-env:Envelope [^>]*><soap-env:Body>/],
    [{ messageIds: 'missing' }, '<soap-env:Header></soap-env:Header>'],
    [{ controlCharacters: true }, 'provisioned\u0002</Value>'],
    [{ bareAmpersands: true }, 'provisioned & more</Value>'],
    [{ oddEventCodes: true }, '<EventCode>0 Bootstrap</EventCode>'],
    [{ wrongArrayType: true }, 'cwmp:EventStruct[16]'],
    [{ reversesEvents: true }, /1 BOOT.*0 BOOTSTRAP/s],
    [{ byteOrderMark: true }, /^\uFEFF<\?xml/],
    [{ commentsAndCdata: true }, /<!-- the vendor's own -->.*<!\[CDATA\[Simulated Devices\]\]>/s],
    [{ padsText: true }, '<EventCode>\n  0 BOOTSTRAP\n  </EventCode>'],
    [{ prefixes: 'SOAP-ENV' }, /<SOAP-ENV:Envelope xmlns:SOAP-ENV=/],
    [
      { prefixes: 'cwmp1' },
      /xmlns:cwmp1="urn:dslforum-org:cwmp-1-2".*<cwmp1:ID .*<cwmp1:Inform>.*"cwmp1:EventStruct\[2\]"/s,
    ],
    [{ prefixes: 'default_namespace' }, /<Inform xmlns="urn:dslforum-org:cwmp-1-2">.*<\/Inform><\/soap-env:Body>/s],
    [{ untypedValues: 'no_type' }, '<Value>1.0</Value>'],
    [{ untypedValues: 'empty_type' }, '<Value xsi:type="xsd:">'],
    [{ untypedValues: 'no_value' }, '.ProvisioningCode</Name></ParameterValueStruct>'],
    [{ repeatsParameter: true }, /(<ParameterValueStruct>.*?<\/ParameterValueStruct>)\1/],
    [{ dates: 'no_zone' }, /<CurrentTime>[\dT:-]{19}<\//],
    [{ dates: 'offset' }, /<CurrentTime>[\dT:-]{19}\+0000<\//],
    [{ dates: 'double_colon' }, /<CurrentTime>[\dT:-]{16}::14<\//],
    [{ dates: 'year_1970' }, '<CurrentTime>1970-01-01T00:02:11Z<'],
    [{ latin1: 'declared' }, /encoding="ISO-8859-1"/],
  ])('%j', async (faults, seen) => {
    const body = firstBody(await informed(faults))
    if (typeof seen === 'string') expect(body).toContain(seen)
    else expect(body).toMatch(seen)
  })

  it('latin1: bytes of ISO-8859-1, and no word about it', async () => {
    const [post] = (await informed({ latin1: true })).acs.posts
    expect(post?.bytes.includes(Buffer.from('M\u00fcller', 'latin1'))).toBe(true)
    expect(post?.body).toMatch(/^<\?xml version="1.0"\?>/)
    expect(post?.headers['content-type']).toBe('text/xml')
  })

  it('omitsFromInform: they are not there', async () => {
    const body = firstBody(await informed({ omitsFromInform: ['Event', 'RetryCount', 'ParameterList'] }))
    expect(body).toMatch(/<\/DeviceId><MaxEnvelopes>1<\/MaxEnvelopes><CurrentTime>[^<]*<\/CurrentTime><\/cwmp:Inform>/)
  })

  it('faultForm, omitsStatus and messageIds: answers are as ordered', async () => {
    const calls = (): string[] => [set('Device.WiFi.SSID.1.SSID', 'a'), set('Device.Nope', 'a')]
    const answers = async (faults: Faults): Promise<string[]> => {
      const bench = await startBench({ faults, calls })
      await bench.until('called', 2)
      await bench.acs.hungUp()
      return bench.acs.posts.slice(2).map(({ body }) => body)
    }
    const bare = await answers({ faultForm: 'no_detail', omitsStatus: ['SetParameterValues'], messageIds: 'wrong' })
    expect(bare[0]).toContain('<cwmp:SetParameterValuesResponse></cwmp:SetParameterValuesResponse>')
    expect(bare[0]).toMatch(/<cwmp:ID [^>]*>another</)
    expect(bare[1]).not.toContain('detail')
    const nested = await answers({ faultForm: 'detail_in_faultstring' })
    expect(nested[1]).toMatch(/<faultstring>CWMP fault<detail>.*<\/detail><\/faultstring>/s)
    expect((await answers({ faultForm: 'empty_string' }))[1]).toContain('<FaultString></FaultString>')
  })

  it('omitsFaultStruct and shufflesTransferComplete: the report is as ordered', async () => {
    const report = async (faults: Faults): Promise<string | undefined> => {
      const bench = await startBench({ faults })
      await bench.until('transfer_complete_answered')
      return bench.acs.posts.find(({ name }) => name === 'TransferComplete')?.body
    }
    expect(await report({ omitsFaultStruct: true })).not.toContain('FaultStruct')
    expect(await report({ shufflesTransferComplete: true })).toMatch(/<\/CompleteTime><FaultStruct>/)
    expect(await report({ dates: 'empty' })).toContain('<StartTime></StartTime><CompleteTime></CompleteTime>')
  })
})

it.each(faultNames)('%s can be ordered by its name', async (name) => {
  const bench = await startBench({ faults: faultByName(name), calls: (url) => [downloadCall('key', url)] })
  await bench.acs.seen((posts) => posts.length > 0)
  await aWhile(20)
  expect(bench.line('defect')).toBeUndefined()
})

describe('versions and redirects', () => {
  it('SupportedCWMPVersions and SessionTimeout are sent, and UseCWMPVersion is followed', async () => {
    const bench = await startBench({
      calls: () => [call('GetRPCMethods')],
      fleet: { device: { supportedVersions: '1.0,1.2', sessionTimeoutSeconds: 60 } },
      before: (acs) => (acs.header = '<cwmp:UseCWMPVersion>1.0</cwmp:UseCWMPVersion>'),
    })
    await bench.until('called')
    await bench.acs.hungUp()
    expect(bench.acs.posts[0]?.body).toContain('<cwmp:SupportedCWMPVersions soap-env:mustUnderstand="0">1.0,1.2<')
    expect(bench.acs.posts[0]?.body).toContain('<cwmp:SessionTimeout soap-env:mustUnderstand="0">60<')
    expect(bench.line('informed')?.useVersion).toBe('1.0')
    expect(bench.acs.posts[2]?.body).toContain('urn:dslforum-org:cwmp-1-0')
  })

  it.each([302, 307])(
    '%d to another server: the session goes on there, with a login of its own and the cookies',
    async (status) => {
      const target = await startBench({
        auth: { scheme: 'digest', password },
        calls: none,
        fleet: { serialPrefix: 'T', device: { password: 'x' } },
      })
      await target.until('informed')
      const bench = await startBench({
        auth: { scheme: 'digest', password },
        calls: none,
        fleet: { device: { password: 'x' } },
        before: (acs) => acs.redirectNext(target.acs.url, status),
      })
      await bench.until('informed')
      expect(bench.line('redirected')?.urlHost).toBe(new URL(target.acs.url).host)
      const [moved, ...after] = target.acs.posts.filter(({ body }) => body.includes(`>${SERIAL}<`))
      expect(moved?.headers.authorization).toBeUndefined()
      expect(after.map(({ headers }) => headers.authorization?.slice(0, 6))).toEqual(['Digest'])
      await bench.acs.hungUp()
    },
  )
})

const folder = mkdtempSync(join(tmpdir(), 'simulator-tls-'))
afterAll(() => rmSync(folder, { recursive: true }))

const noOpenssl = spawnSync('openssl', ['version']).error !== undefined

describe.skipIf(noOpenssl)(`over TLS${noOpenssl ? ' (skipped: there is no openssl to make certificates)' : ''}`, () => {
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const file = (name: string): string => readFileSync(join(folder, name), 'utf8')
  it('checks the server by the authority it was given, and shows its own certificate', async () => {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'key.pem',
      '-out',
      'cert.pem',
      '-subj',
      '/CN=acs',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    )
    const tls = { cert: file('cert.pem'), key: file('key.pem') }
    const asking = { ...tls, ca: tls.cert, requestCert: true, rejectUnauthorized: true }
    const bench = await startBench({ tls: asking, fleet: { device: { tls: { ...tls, ca: tls.cert } } } })
    await bench.until('transfer_complete_answered')
    expect(bench.state().version).toBe('2.0.0')
    const stranger = await startBench({ tls, calls: none })
    await stranger.until('session_failed')
    expect(stranger.line('session_failed')).toMatchObject({ reason: 'unreachable' })
  })
})
