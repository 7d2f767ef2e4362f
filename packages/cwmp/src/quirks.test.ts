import { describe, expect, it } from 'vitest'

import { decodePost, encodeEnvelope, type CpeMessage, type Download, type Envelope } from './index.ts'

const NAMESPACE = 'xmlns:cwmp="urn:dslforum-org:cwmp-1-0"'
const ID = '<s:Header><cwmp:ID>7</cwmp:ID></s:Header>'
const DEVICE =
  '<DeviceId><Manufacturer>Acme</Manufacturer><OUI>00D09E</OUI><ProductClass>HG1</ProductClass><SerialNumber>S1</SerialNumber></DeviceId>'
const REST = '<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-11-20T10:00:00Z</CurrentTime><RetryCount>0</RetryCount>'

function soap(body: string, header = ID, namespaces = NAMESPACE): string {
  return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ${namespaces}>${header}<s:Body>${body}</s:Body></s:Envelope>`
}

function events(...codes: readonly string[]): string {
  return `<Event>${codes.map((code) => `<EventStruct><EventCode>${code}</EventCode><CommandKey/></EventStruct>`).join('')}</Event>`
}

function inform(inner: string): string {
  return soap(`<cwmp:Inform>${inner}</cwmp:Inform>`)
}

function values(...structs: readonly string[]): string {
  const list = structs.map((inner) => `<ParameterValueStruct>${inner}</ParameterValueStruct>`).join('')
  return soap(
    `<cwmp:GetParameterValuesResponse><ParameterList>${list}</ParameterList></cwmp:GetParameterValuesResponse>`,
  )
}

function read(text: string | Uint8Array): { envelope: Envelope; warnings: readonly string[] } {
  const post = decodePost(typeof text === 'string' ? Buffer.from(text) : text, 'text/xml')
  const envelope = post.kind === 'envelopes' ? post.envelopes[0] : undefined
  if (post.kind !== 'envelopes' || envelope === undefined) throw new Error(JSON.stringify(post))
  return { envelope, warnings: post.warnings.map(({ code }) => code) }
}

function body<K extends CpeMessage['kind']>(text: string | Uint8Array, kind: K): Extract<CpeMessage, { kind: K }> {
  const message = read(text).envelope.body
  if (message.kind !== kind) throw new Error(`a ${message.kind}`)
  return message as Extract<CpeMessage, { kind: K }>
}

describe('what CPE do to an Inform', () => {
  it('quirk 10: blanks and line ends around a text do not count, and a manufacturer may be empty', () => {
    const text = soap(
      `<cwmp:Inform><DeviceId><Manufacturer/><OUI>\n 48BF74 \n</OUI><ProductClass> HG </ProductClass><SerialNumber>\tS1\r\n</SerialNumber></DeviceId><Event><EventStruct><EventCode>\n 1 BOOT\n</EventCode><CommandKey> k </CommandKey></EventStruct></Event>${REST}<ParameterList/></cwmp:Inform>`,
      '<s:Header><cwmp:ID>\n 7 \n</cwmp:ID></s:Header>',
    )
    expect(read(text).envelope.id).toBe('7')
    expect(body(text, 'inform')).toMatchObject({
      deviceId: { manufacturer: '', oui: '48BF74', productClass: 'HG', serialNumber: 'S1' },
      events: [{ code: '1 BOOT', commandKey: 'k' }],
    })
  })

  it('quirk 11: a missing Event, RetryCount or ParameterList is nothing, with a warning each', () => {
    const { envelope, warnings } = read(inform(DEVICE))
    expect(envelope.body).toMatchObject({ events: [], retryCount: 0, parameters: [], maxEnvelopes: 1 })
    expect(warnings).toEqual(
      expect.arrayContaining(['events_missing', 'retry_count_missing', 'parameter_list_missing']),
    )
  })

  it('quirk 12: without cwmp:ID, or without a header, it is read, with a warning, and the answer has none either', () => {
    for (const header of ['', '<s:Header/>', '<s:Header><cwmp:ID/></s:Header>']) {
      const { envelope, warnings } = read(soap('<cwmp:GetRPCMethods/>', header))
      expect(envelope.id).toBeNull()
      expect(warnings).toEqual(['id_missing'])
    }
    expect(encodeEnvelope({ id: null, cwmpVersion: '1.0', message: { kind: 'inform_response' } })).not.toContain('ID')
  })

  it('quirk 13: the ID of an answer is carried as sent, whatever it was: the session judges it', () => {
    const header = '<s:Header><cwmp:ID>another</cwmp:ID></s:Header>'
    expect(read(soap('<cwmp:RebootResponse/>', header)).envelope).toMatchObject({
      id: 'another',
      body: { kind: 'reboot_response' },
    })
  })

  it('quirk 14: any prefix will do, or none, and the namespace may stand on envelope, body or method', () => {
    const uri = 'urn:dslforum-org:cwmp-1-1'
    const inner = `${DEVICE}${events('1 BOOT')}${REST}<ParameterList/>`
    for (const text of [
      soap(`<cwmp1:Inform>${inner}</cwmp1:Inform>`, '', `xmlns:cwmp1="${uri}"`),
      soap(`<Inform xmlns="${uri}">${inner}</Inform>`, '', ''),
      `<Envelope><Body xmlns:x="${uri}"><x:Inform>${inner}</x:Inform></Body></Envelope>`,
      `<soap_env:Envelope xmlns:soap_env="http://schemas.xmlsoap.org/soap/envelope/"><soap_env:Body><y:Inform xmlns:y="${uri}">${inner}</y:Inform></soap_env:Body></soap_env:Envelope>`,
    ]) {
      expect(read(text).envelope).toMatchObject({ cwmpVersion: '1.1', body: { kind: 'inform' } })
    }
  })

  it('quirk 35: an event is its whole number, so 10 is not 1, and all events of an Inform are kept in order', () => {
    const sent = ['10 AUTONOMOUS TRANSFER COMPLETE', '1 BOOT', '13 WAKEUP', 'M Download', '1']
    const { events: heard } = body(inform(`${DEVICE}${events(...sent)}${REST}<ParameterList/>`), 'inform')
    expect(heard.map(({ code }) => code)).toEqual(sent)
  })

  it('event codes in another case or with other blanks are the known ones, with a warning', () => {
    const sent = ['1 Boot', '4 VALUECHANGE', 'M download', '7  transfer complete']
    const text = inform(`${DEVICE}${events(...sent)}${REST}<ParameterList/>`)
    expect(body(text, 'inform').events.map(({ code }) => code)).toEqual([
      '1 BOOT',
      '4 VALUE CHANGE',
      'M Download',
      '7 TRANSFER COMPLETE',
    ])
    expect(read(text).warnings).toContain('event_code_form')
  })

  it('an event without CommandKey, and a name that stands twice, are kept', () => {
    const twice = '<ParameterValueStruct><Name>A</Name><Value>1</Value></ParameterValueStruct>'.repeat(2)
    const text = inform(
      `${DEVICE}<Event><EventStruct><EventCode>1 BOOT</EventCode></EventStruct></Event>${REST}<ParameterList>${twice}</ParameterList>`,
    )
    expect(body(text, 'inform')).toMatchObject({ events: [{ commandKey: '' }], parameters: [{}, {}] })
  })
})

describe('what CPE do to XML', () => {
  it('quirk 18: a raw & in a value stands for itself, with a warning', () => {
    const text = values('<Name>A</Name><Value>Tom & Jerry &lt;3</Value>')
    expect(body(text, 'get_parameter_values_response').parameters[0]?.value).toBe('Tom & Jerry <3')
    expect(read(text).warnings).toContain('ampersand_repaired')
  })

  it('quirk 20: comments with an apostrophe and CDATA are read', () => {
    const log = "<![CDATA[it's <b>no</b> markup & no entity: &amp;]]>"
    const text = values(`<!-- the CPE's log --><Name>A</Name><Value>${log}</Value>`)
    expect(body(text, 'get_parameter_values_response').parameters[0]?.value).toBe(
      "it's <b>no</b> markup & no entity: &amp;",
    )
  })

  it('quirk 21: a byte order mark before the declaration does not count', () => {
    const text = `\ufeff<?xml version="1.0" encoding="UTF-8"?>\n${soap('<cwmp:GetRPCMethods/>')}`
    expect(body(text, 'get_rpc_methods')).toEqual({ kind: 'get_rpc_methods' })
  })

  it('quirk 22: a value may be missing or lack its type, with a warning where it is missing', () => {
    const text = values(
      '<Name>A</Name>',
      '<Name>B</Name><Value>b</Value>',
      '<Name>C</Name><Value xsi:type="xsd:">c</Value>',
      '<Name>D</Name><Value x99:type="unsignedInt">4</Value>',
    )
    expect(body(text, 'get_parameter_values_response').parameters).toEqual([
      { name: 'A', value: '', type: null },
      { name: 'B', value: 'b', type: null },
      { name: 'C', value: 'c', type: null },
      { name: 'D', value: '4', type: 'unsignedInt' },
    ])
    expect(read(text).warnings).toEqual(['value_missing'])
  })

  it('a wrong arrayType counts for nothing, with a warning', () => {
    const text = values('<Name>A</Name><Value>a</Value>').replace(
      '<ParameterList>',
      '<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[16]">',
    )
    expect(body(text, 'get_parameter_values_response').parameters).toHaveLength(1)
    expect(read(text).warnings).toEqual(['array_count_wrong'])
  })

  it('items of an array under another name are read, with a warning', () => {
    const item = '<item><Name>Device.</Name><Writable>1</Writable></item>'
    const text = soap(
      `<cwmp:GetParameterNamesResponse><ParameterList>${item}</ParameterList></cwmp:GetParameterNamesResponse>`,
    )
    expect(body(text, 'get_parameter_names_response').parameters).toEqual([{ name: 'Device.', writable: true }])
    expect(read(text).warnings).toEqual(['list_item_name'])
  })
})

describe('what CPE do to booleans and times', () => {
  const autonomous = (inner: string) =>
    soap(`<cwmp:AutonomousTransferComplete>${inner}<FileSize>1</FileSize></cwmp:AutonomousTransferComplete>`)

  it('quirk 23: booleans are 1, 0, true and false in any case; anything else is false, with a warning', () => {
    for (const [sent, heard] of [
      ['1', true],
      ['true', true],
      ['TRUE', true],
      ['0', false],
      ['False', false],
    ] as const) {
      const text = autonomous(`<IsDownload>${sent}</IsDownload>`)
      expect(body(text, 'autonomous_transfer_complete').isDownload).toBe(heard)
      expect(read(text).warnings).not.toContain('boolean_unreadable')
    }
    expect(body(autonomous('<IsDownload>yes</IsDownload>'), 'autonomous_transfer_complete').isDownload).toBe(false)
    expect(read(autonomous('<IsDownload>yes</IsDownload>')).warnings).toContain('boolean_unreadable')
  })

  it('quirk 23: times may lack their zone or have it without a colon; what nobody can read is no time', () => {
    for (const [sent, heard, warning] of [
      ['2026-11-20T10:00:00', '2026-11-20T10:00:00.000Z', 'time_without_zone'],
      ['2026-11-20T10:00:00.123456', '2026-11-20T10:00:00.123Z', 'time_without_zone'],
      ['2026-11-20T12:00:00+0200', '2026-11-20T10:00:00.000Z', null],
      ['2026-11-20T11:54::14', null, 'time_unreadable'],
      ['2026-13-40T10:00:00Z', null, 'time_unreadable'],
    ] as const) {
      const text = soap(`<cwmp:TransferComplete><StartTime>${sent}</StartTime></cwmp:TransferComplete>`)
      expect(body(text, 'transfer_complete').startTime, sent).toBe(heard)
      expect(read(text).warnings, sent).toEqual(warning === null ? [] : [warning])
    }
  })

  it('quirk 24: booleans are said as 0 and 1, since there are CPE that know no other', () => {
    const names = (nextLevel: boolean) =>
      encodeEnvelope({
        id: '1',
        cwmpVersion: '1.0',
        message: { kind: 'get_parameter_names', path: 'Device.', nextLevel },
      })
    expect(names(true)).toContain('<NextLevel>1</NextLevel>')
    expect(names(false)).toContain('<NextLevel>0</NextLevel>')
  })
})

describe('what CPE do to answers and faults', () => {
  it('quirk 28: a Status of SetParameterValues that is missing or odd is not yet applied, never a refusal', () => {
    const answer = (inner: string) =>
      soap(`<cwmp:SetParameterValuesResponse>${inner}</cwmp:SetParameterValuesResponse>`)
    expect(body(answer(''), 'set_parameter_values_response').status).toBe(1)
    expect(read(answer('')).warnings).toEqual(['status_missing'])
    for (const status of ['1', '2', 'ok']) {
      expect(body(answer(`<Status>${status}</Status>`), 'set_parameter_values_response').status).toBe(1)
    }
    expect(body(answer('<Status>0</Status>'), 'set_parameter_values_response').status).toBe(0)
  })

  it('quirk 29: a fault without detail is a plain refusal, with a warning', () => {
    const text = soap('<s:Fault><faultcode>Server</faultcode><faultstring>no</faultstring></s:Fault>')
    expect(read(text).envelope.body).toEqual({ kind: 'fault', code: 9001, text: 'no', parameterFaults: [] })
    expect(read(text).warnings).toEqual(['fault_without_detail'])
    expect(body(soap('<s:Fault/>'), 'fault')).toMatchObject({ code: 9001, text: '' })
  })

  it('a fault whose detail stands inside the faultstring has its code', () => {
    const detail = '<detail><cwmp:Fault><FaultCode>9008</FaultCode></cwmp:Fault></detail>'
    const text = soap(`<s:Fault><faultstring>CWMP fault${detail}</faultstring></s:Fault>`)
    expect(body(text, 'fault').code).toBe(9008)
    expect(read(text).warnings).toEqual(['fault_detail_misplaced'])
  })

  it('a fault whose code stands bare in the detail, or in the Detail of SOAP 1.2, has its code', () => {
    for (const inner of [
      '<detail><FaultCode>9005</FaultCode><FaultString>no such</FaultString></detail>',
      '<s:Code/><s:Detail><cwmp:Fault><FaultCode>9005</FaultCode><FaultString>no such</FaultString></cwmp:Fault></s:Detail>',
    ]) {
      expect(body(soap(`<s:Fault>${inner}</s:Fault>`), 'fault')).toMatchObject({ code: 9005, text: 'no such' })
    }
    const single = '<SetParameterValuesFault><FaultCode>9007</FaultCode></SetParameterValuesFault>'
    expect(body(soap(`<s:Fault><detail><cwmp:Fault>${single}</cwmp:Fault></detail></s:Fault>`), 'fault')).toMatchObject(
      {
        code: 9001,
        parameterFaults: [{ code: 9007 }],
      },
    )
  })

  it('quirk 31: an empty CommandKey is carried as such, in the TransferComplete as in its events', () => {
    const complete = soap('<cwmp:TransferComplete><CommandKey/></cwmp:TransferComplete>')
    expect(body(complete, 'transfer_complete').commandKey).toBe('')
    const event = (code: string, key: string) =>
      `<EventStruct><EventCode>${code}</EventCode><CommandKey>${key}</CommandKey></EventStruct>`
    const text = inform(
      `${DEVICE}<Event>${event('7 TRANSFER COMPLETE', '')}${event('M Download', 'fw1')}</Event>${REST}`,
    )
    expect(body(text, 'inform').events).toEqual([
      { code: '7 TRANSFER COMPLETE', commandKey: '' },
      { code: 'M Download', commandKey: 'fw1' },
    ])
  })

  it('quirk 32: a missing FaultStruct is success, and neither empty times nor the year 0001 are times', () => {
    const complete = (inner: string) => soap(`<cwmp:TransferComplete>${inner}</cwmp:TransferComplete>`)
    const expected = { faultCode: 0, faultString: '', startTime: null, completeTime: null }
    for (const times of [
      '',
      '<StartTime></StartTime><CompleteTime/>',
      '<StartTime>0001-01-01T00:00:00Z</StartTime><CompleteTime>0001-01-01T00:00:00</CompleteTime>',
    ]) {
      expect(body(complete(times), 'transfer_complete')).toMatchObject(expected)
      expect(read(complete(times)).warnings).toEqual([])
    }
    const flashed = complete('<CompleteTime>1970-01-01T00:01:31Z</CompleteTime>')
    expect(body(flashed, 'transfer_complete').completeTime).toBe('1970-01-01T00:01:31.000Z')
  })

  it('quirk 33: a DownloadResponse without Status is not done yet, and one without times has none', () => {
    expect(body(soap('<cwmp:DownloadResponse/>'), 'download_response')).toEqual({
      kind: 'download_response',
      status: 1,
      startTime: null,
      completeTime: null,
    })
    expect(read(soap('<cwmp:DownloadResponse><Status>1</Status></cwmp:DownloadResponse>')).warnings).toEqual([])
  })

  it('quirk 36: fault codes of vendors are kept as they are, and FileSize is sent exactly', () => {
    const fault = '<FaultStruct><FaultCode>9808</FaultCode><FaultString>length</FaultString></FaultStruct>'
    const complete = soap(`<cwmp:TransferComplete><CommandKey>k</CommandKey>${fault}</cwmp:TransferComplete>`)
    expect(body(complete, 'transfer_complete').faultCode).toBe(9808)
    expect(encodeEnvelope({ id: '1', cwmpVersion: '1.0', message: { ...download, fileSize: 31_457_281 } })).toContain(
      '<FileSize>31457281</FileSize>',
    )
  })

  it('quirk 37: every character of a URL is escaped', () => {
    const url = 'http://files/a?b=1&c=<"\'>'
    expect(encodeEnvelope({ id: '1', cwmpVersion: '1.0', message: { ...download, url } })).toContain(
      '<URL>http://files/a?b=1&amp;c=&lt;&quot;&apos;&gt;</URL>',
    )
  })
})

const download: Download = {
  kind: 'download',
  commandKey: 'k',
  fileType: '1 Firmware Upgrade Image',
  url: 'http://files/a',
  delaySeconds: 0,
  argumentSet: 'all',
}
