import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { decodePost, type DecodedPost } from './index.ts'

const fixtures = process.env['SLUICE_FIXTURES'] ?? ''
const absent = fixtures === '' || !existsSync(join(fixtures, 'vendor-samples'))
const why = '(needs SLUICE_FIXTURES with vendor-samples/ and client-captures/)'

/** Cut off in the file, so refused; every other sample must be read. */
const truncated = ['jdalberg-bogus_inform_1.xml', 'jiuzhou-Inform.txt', 'avm-fritzbox-capture.txt']
/** Several messages of both sides in one file; read message by message below. */
const traces = ['hdm-trace-AutonomousTransferComplete.txt', 'hdm-trace-GetRPCMethods.txt']

interface HttpMessage {
  readonly body: Uint8Array
  readonly contentType: string | undefined
}

/** Takes head and chunking away, as the HTTP server does before a body is decoded. */
function withoutHttp(file: Buffer): HttpMessage {
  const text = file.toString('latin1')
  const head = /^(?:POST|HTTP\/1\.1) [\s\S]*?\r?\n\r?\n/.exec(text)?.[0]
  if (head === undefined) return { body: file, contentType: undefined }
  const contentType = /^content-type: *(.*?)\r?$/im.exec(head)?.[1]
  const rest = text.slice(head.length)
  const body = /^transfer-encoding: *chunked/im.test(head) ? withoutChunks(rest) : rest
  return { body: Buffer.from(body, 'latin1'), contentType }
}

function withoutChunks(text: string): string {
  let out = ''
  let rest = text
  for (;;) {
    const [line = '', hex = '0'] = /^\s*([0-9a-f]+)\r?\n/i.exec(rest) ?? []
    const size = parseInt(hex, 16)
    if (size === 0 || line === '') return out
    out += rest.slice(line.length, line.length + size)
    rest = rest.slice(line.length + size)
  }
}

/** Some samples are only the inside of a message: dressed in an envelope here. */
function dressed(name: string, message: HttpMessage): HttpMessage {
  const method = { inform: 'Inform', transfercomplete: 'TransferComplete' }[/^cpelabs-(\w+?)-/.exec(name)?.[1] ?? '']
  if (method === undefined) return message
  const inner = Buffer.from(message.body).toString('utf8')
  const text = `<Envelope xmlns:cwmp="urn:dslforum-org:cwmp-1-0"><Body><cwmp:${method}>${inner}</cwmp:${method}></Body></Envelope>`
  return { body: Buffer.from(text), contentType: undefined }
}

function vendorSample(name: string): DecodedPost {
  const message = dressed(name, withoutHttp(readFileSync(join(fixtures, 'vendor-samples', name))))
  return decodePost(message.body, message.contentType)
}

function capture(client: string, name: string): DecodedPost {
  const message = withoutHttp(readFileSync(join(fixtures, 'client-captures', client, name)))
  return decodePost(message.body, message.contentType)
}

function bodyOf(post: DecodedPost): unknown {
  return post.kind === 'envelopes' ? post.envelopes[0]?.body : post
}

function filesIn(...path: readonly string[]): readonly string[] {
  return absent ? [] : readdirSync(join(fixtures, ...path)).filter((name) => !name.endsWith('.md'))
}

describe.skipIf(absent)(`messages of real devices ${why}`, () => {
  const whole = filesIn('vendor-samples').filter((name) => !truncated.includes(name) && !traces.includes(name))

  it('are there', () => expect(whole.length).toBeGreaterThan(25))

  it.each(whole)('%s is read', (name) => {
    expect(vendorSample(name)).toMatchObject({ kind: 'envelopes' })
  })

  it.each(truncated)('%s is refused, being cut off', (name) => {
    expect(vendorSample(name)).toMatchObject({ kind: 'malformed' })
  })

  it.each(traces)('%s is read, every POST of it', (name) => {
    const posts = readFileSync(join(fixtures, 'vendor-samples', name), 'latin1')
      .split(/^(?=(?:POST|HTTP\/1\.1) )/m)
      .filter((message) => message.startsWith('POST'))
    const kinds = posts.map((post) => {
      const { body, contentType } = withoutHttp(Buffer.from(post, 'latin1'))
      return decodePost(body, contentType).kind
    })
    expect(kinds).toEqual(['envelopes', 'envelopes', 'envelopes', 'empty'])
  })

  it('say what they mean: a TransferComplete without CommandKey', () => {
    expect(bodyOf(vendorSample('genieacs-issue171-transfercomplete-9015.xml'))).toMatchObject({
      kind: 'transfer_complete',
      commandKey: '',
      faultCode: 9015,
      startTime: null,
    })
  })

  it('say what they mean: two parameters that could not be set', () => {
    expect(bodyOf(vendorSample('go-cwmp-fault2.xml'))).toMatchObject({
      code: 9003,
      parameterFaults: [
        { name: 'Device.Time.NTPServer1', code: 9007 },
        { name: 'Device.Time.LocalTimeZoneName', code: 9007 },
      ],
    })
  })

  it('say what they mean: an upgrade finished', () => {
    expect(bodyOf(vendorSample('cpelabs-inform-transfer-complete.xml'))).toMatchObject({
      events: [{ code: '7 TRANSFER COMPLETE' }, { code: 'M Download', commandKey: 'fw-1' }],
    })
    expect(bodyOf(vendorSample('cpelabs-transfercomplete-fault.xml'))).toMatchObject({ faultCode: 9010 })
    expect(bodyOf(vendorSample('cpelabs-transfercomplete-success.xml'))).toMatchObject({ faultCode: 0 })
  })

  it('say what they mean: a clock nobody can read, a name that stands twice', () => {
    expect(bodyOf(vendorSample('cycto-inform.xml'))).toMatchObject({ kind: 'inform', currentTime: null })
    const body = bodyOf(vendorSample('zte-f600w-inform-bootstrap.xml')) as { parameters: { name: string }[] }
    const names = body.parameters.map((parameter) => parameter.name)
    expect(new Set(names).size).toBeLessThan(names.length)
  })
})

describe.skipIf(absent)(`captures of client programs ${why}`, () => {
  const posts = filesIn('client-captures').flatMap((client) =>
    filesIn('client-captures', client)
      .filter((name) => readFileSync(join(fixtures, 'client-captures', client, name), 'latin1').startsWith('POST'))
      .map((name) => [client, name] as const),
  )

  it('are there', () => expect(posts.length).toBeGreaterThan(50))

  it.each(posts)('%s %s is read', (client, name) => {
    expect(['envelopes', 'empty']).toContain(capture(client, name).kind)
  })

  it('say what they mean', () => {
    expect(bodyOf(capture('genieacs-sim', '05.txt'))).toMatchObject({
      kind: 'download_response',
      status: 1,
      startTime: null,
    })
    expect(bodyOf(capture('genieacs-sim', '08.txt'))).toMatchObject({ commandKey: 'fw-ok-1', faultCode: 0 })
    expect(bodyOf(capture('mhils-honeyclient', '01.txt'))).toMatchObject({
      events: [{ code: '4 VALUE CHANGE' }, { code: '1 BOOT' }, { code: '0 BOOTSTRAP' }],
    })
    expect(bodyOf(capture('softov-sim', '15.txt'))).toMatchObject({ transfers: [] })
    expect(bodyOf(capture('netcwmp', '02.txt'))).toMatchObject({ deviceId: { oui: 'A00001', productClass: 'OT2800' } })
  })
})
