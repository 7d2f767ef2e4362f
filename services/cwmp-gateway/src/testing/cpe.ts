import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import { deviceKeyOf } from '@sluice/contracts'

export interface Heard {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Local name of what stands in the Body; empty without one. */
  readonly rpc: string
  /** Our cwmp:ID. */
  readonly id: string
}

export interface TestCpe {
  readonly deviceKey: string
  cookie: string | null
  /** Sends exactly this. */
  post(body: string | Uint8Array, headers?: Record<string, string>): Promise<Heard>
  empty(): Promise<Heard>
  inform(options?: InformOptions): Promise<Heard>
  say(rpc: string, inner?: string, id?: string, headers?: Record<string, string>): Promise<Heard>
  close(): void
}

export interface InformOptions {
  readonly version?: string
  readonly events?: readonly string[]
  readonly headers?: Record<string, string>
}

export interface CpeOptions {
  readonly serial: string
  /** Of the next POST: several gateways may be tried in turn. */
  readonly port: () => number
  readonly keepAlive?: boolean
  readonly cookies?: boolean
  /** Over TLS, with this. */
  readonly tls?: ConnectionOptions
  readonly cwmp?: '1-0' | '1-1' | '1-2'
}

/** A CPE by hand: envelopes written out, one POST at a time. */
export function createCpe({ serial, port, keepAlive = true, cookies = true, cwmp = '1-2', tls }: CpeOptions): TestCpe {
  const limits = { keepAlive, maxSockets: 1 }
  const agent = tls === undefined ? new Agent(limits) : new TlsAgent({ ...limits, ...tls })
  const cpe: TestCpe = {
    deviceKey: deviceKeyOf({ oui: '00D09E', productClass: 'HomeBox', serialNumber: serial }),
    cookie: null,
    async post(body, headers = {}) {
      const own = cookies && cpe.cookie !== null ? { cookie: cpe.cookie } : {}
      const heard = await send(agent, port(), body, { ...own, ...headers })
      const cookie = heard.headers['set-cookie']?.[0]?.split(';')[0]
      if (cookie !== undefined) cpe.cookie = cookie
      return heard
    },
    empty: () => cpe.post(''),
    inform: ({ version = '1.0', events = ['2 PERIODIC'], headers = {} } = {}) =>
      cpe.post(envelope(cwmp, '1', informBody(serial, version, events)), { 'content-type': 'text/xml', ...headers }),
    say: (rpc, inner = '', id = '1', headers = {}) =>
      cpe.post(envelope(cwmp, id, `<cwmp:${rpc}>${inner}</cwmp:${rpc}>`), headers),
    close: () => agent.destroy(),
  }
  return cpe
}

export function envelope(cwmp: string, id: string, body: string): string {
  return (
    '<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" ' +
    'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" ' +
    `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="urn:dslforum-org:cwmp-${cwmp}">` +
    `<soap-env:Header><cwmp:ID soap-env:mustUnderstand="1">${id}</cwmp:ID></soap-env:Header>` +
    `<soap-env:Body>${body}</soap-env:Body></soap-env:Envelope>`
  )
}

export function informBody(serial: string, version: string, events: readonly string[]): string {
  const eventList = events.map((code) => `<EventStruct><EventCode>${code}</EventCode><CommandKey/></EventStruct>`)
  const parameters = [
    ['Device.DeviceInfo.HardwareVersion', 'H1'],
    ['Device.DeviceInfo.SoftwareVersion', version],
    ['Device.ManagementServer.ConnectionRequestURL', 'http://192.0.2.1:7547/cr'],
  ]
  return (
    '<cwmp:Inform><DeviceId><Manufacturer>Acme</Manufacturer><OUI>00D09E</OUI><ProductClass>HomeBox</ProductClass>' +
    `<SerialNumber>${serial}</SerialNumber></DeviceId>` +
    `<Event soap-enc:arrayType="cwmp:EventStruct[${events.length}]">${eventList.join('')}</Event>` +
    '<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-11-20T12:00:00Z</CurrentTime><RetryCount>0</RetryCount>' +
    `<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[${parameters.length}]">${values(parameters)}</ParameterList></cwmp:Inform>`
  )
}

export function values(parameters: readonly (readonly string[])[]): string {
  return parameters
    .map(
      ([name, value]) =>
        `<ParameterValueStruct><Name>${name}</Name><Value xsi:type="xsd:string">${value}</Value></ParameterValueStruct>`,
    )
    .join('')
}

/** The answer to a GetParameterValues: every name it asks, with the value the test gives it. */
export function answerValues(asked: Heard, valueOf: (name: string) => string): string {
  const names = [...asked.body.matchAll(/<string>([^<]*)<\/string>|<string [^>]*>([^<]*)<\/string>/g)].map(
    (m) => m[1] ?? m[2] ?? '',
  )
  const list = values(names.map((name) => [name, valueOf(name)]))
  return `<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[${names.length}]">${list}</ParameterList>`
}

export function fault(code: number, text = 'no'): string {
  return (
    '<soap-env:Fault><faultcode>Client</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault>' +
    `<FaultCode>${code}</FaultCode><FaultString>${text}</FaultString></cwmp:Fault></detail></soap-env:Fault>`
  )
}

function send(agent: Agent, port: number, body: string | Uint8Array, headers: Record<string, string>): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const outgoing = (agent instanceof TlsAgent ? tlsRequest : request)({
      agent,
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/acs',
      headers: { 'content-length': String(Buffer.byteLength(body)), ...headers },
    })
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          rpc: /<[\w-]+:Body[^>]*>\s*<(?:[\w-]+:)?(\w+)/.exec(text)?.[1] ?? '',
          id: /<cwmp:ID[^>]*>([^<]*)</.exec(text)?.[1] ?? '',
        })
      })
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
