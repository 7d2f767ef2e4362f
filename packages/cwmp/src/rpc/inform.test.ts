import { describe, expect, it } from 'vitest'

import { decodePost, type Inform, type WarningCode } from '../index.ts'

const DEVICE: readonly (readonly [string, string])[] = [
  ['Manufacturer', 'Acme'],
  ['OUI', '00D09E'],
  ['ProductClass', 'HG1'],
  ['SerialNumber', 'S1'],
]

function post(content: string) {
  const xml = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:cwmp="urn:dslforum-org:cwmp-1-0"><e:Header><cwmp:ID>1</cwmp:ID></e:Header><e:Body><cwmp:Inform>${content}</cwmp:Inform></e:Body></e:Envelope>`
  return decodePost(Buffer.from(xml), 'text/xml')
}

function device(overrides: Readonly<Record<string, string>> = {}): string {
  const parts = DEVICE.map(([name, value]) => `<${name}>${overrides[name] ?? value}</${name}>`)
  return `<DeviceId>${parts.join('')}</DeviceId>`
}

function events(...codes: readonly string[]): string {
  return `<Event>${codes.map((code) => `<EventStruct><EventCode>${code}</EventCode></EventStruct>`).join('')}</Event>`
}

function read(content: string): { inform: Inform; warnings: readonly WarningCode[] } {
  const result = post(content)
  const body = result.kind === 'envelopes' ? result.envelopes[0]?.body : undefined
  if (result.kind !== 'envelopes' || body?.kind !== 'inform') throw new Error(JSON.stringify(result))
  return { inform: body, warnings: result.warnings.map((warning) => warning.code) }
}

function refusal(content: string): string {
  const result = post(content)
  return result.kind === 'malformed' ? result.code : result.kind
}

describe('the device identity', () => {
  it('is refused where it is missing, empty, too long or holds line breaks', () => {
    expect(refusal(events('1 BOOT'))).toBe('device_id')
    expect(refusal(device({ SerialNumber: '' }))).toBe('device_id')
    expect(refusal(device({ OUI: ' ' }))).toBe('device_id')
    expect(refusal(device({ SerialNumber: 'x'.repeat(10_000) }))).toBe('device_id')
    expect(refusal(device({ SerialNumber: 'a\nlevel=error msg=forged' }))).toBe('device_id')
    expect(refusal(device({ ProductClass: 'a&#10;b' }))).toBe('device_id')
  })

  it('is kept as sent where it only looks dangerous: those who use it encode it', () => {
    for (const serial of ['../../etc', '*', '&gt;', 'a.b', 'Ünï']) {
      expect(read(device({ SerialNumber: serial })).inform.deviceId.serialNumber).toBe(serial.replace('&gt;', '>'))
    }
  })

  it('may lack product class and manufacturer', () => {
    expect(read(device({ ProductClass: '', Manufacturer: '' })).inform.deviceId).toEqual({
      manufacturer: '',
      oui: '00D09E',
      productClass: '',
      serialNumber: 'S1',
    })
  })

  it('with an OUI that is not six capital hexadecimal digits is noticed', () => {
    expect(read(device({ OUI: '00d09e' })).warnings).toContain('oui_unusual')
    expect(read(device()).warnings).not.toContain('oui_unusual')
  })
})

describe('events', () => {
  it('are all kept, in the order sent', () => {
    const sent = [
      '8 DIAGNOSTICS COMPLETE',
      '7 TRANSFER COMPLETE',
      'M Download',
      '1 BOOT',
      '10 AUTONOMOUS TRANSFER COMPLETE',
    ]
    expect(read(device() + events(...sent)).inform.events.map((event) => event.code)).toEqual(sent)
  })

  it('are recognised whatever their case and blanks', () => {
    const { inform, warnings } = read(
      device() + events('1 Boot', '4 VALUECHANGE', 'M download', ' 7  Transfer Complete'),
    )
    expect(inform.events.map((event) => event.code)).toEqual([
      '1 BOOT',
      '4 VALUE CHANGE',
      'M Download',
      '7 TRANSFER COMPLETE',
    ])
    expect(warnings).toContain('event_code_form')
  })

  it('are not mistaken by the first digit of their number', () => {
    const codes = read(device() + events('10 AUTONOMOUS TRANSFER COMPLETE', '13 WAKEUP')).inform.events
    expect(codes.map((event) => event.code)).not.toContain('1 BOOT')
  })

  it('that are unknown are kept as sent, in at most 64 characters', () => {
    const { inform, warnings } = read(device() + events('X 00D09E REBOOTED', 'z'.repeat(500)))
    expect(inform.events.map((event) => event.code)).toEqual(['X 00D09E REBOOTED', 'z'.repeat(64)])
    expect(warnings).toContain('event_unknown')
  })

  it('may be missing, and may not be more than 64', () => {
    expect(read(device()).inform.events).toEqual([])
    expect(read(device()).warnings).toContain('events_missing')
    expect(read(device() + events(...Array.from({ length: 64 }, () => '1 BOOT'))).inform.events).toHaveLength(64)
    expect(refusal(device() + events(...Array.from({ length: 65 }, () => '1 BOOT')))).toBe('too_many_events')
  })
})

describe('the rest of an Inform', () => {
  it('has defaults, each with a warning', () => {
    const { inform, warnings } = read(device())
    expect(inform).toMatchObject({ maxEnvelopes: 1, retryCount: 0, currentTime: null, parameters: [] })
    expect(warnings).toEqual(expect.arrayContaining(['retry_count_missing', 'parameter_list_missing']))
  })

  it('counts what is there, not what arrayType announces', () => {
    const list =
      '<ParameterList soap:arrayType="cwmp:ParameterValueStruct[16]" xmlns:soap="x"><ParameterValueStruct><Name>A</Name><Value xsi:type="xsd:string" xmlns:xsi="y">1.0</Value></ParameterValueStruct><ParameterValueStruct><Name>B</Name></ParameterValueStruct></ParameterList>'
    const { inform, warnings } = read(device() + list)
    expect(inform.parameters).toEqual([
      { name: 'A', value: '1.0', type: 'string' },
      { name: 'B', value: '', type: null },
    ])
    expect(warnings).toEqual(expect.arrayContaining(['array_count_wrong', 'value_missing']))
  })

  it('reads any clock as UTC or as unknown', () => {
    const time = (text: string) => read(`${device()}<CurrentTime>${text}</CurrentTime>`).inform.currentTime
    expect(time('2026-11-20T10:00:00+02:00')).toBe('2026-11-20T08:00:00.000Z')
    expect(time('2026-11-20T10:00:00+0000')).toBe('2026-11-20T10:00:00.000Z')
    expect(time('1970-01-01T00:00:28')).toBe('1970-01-01T00:00:28.000Z')
    expect(time('0001-01-01T00:00:00Z')).toBeNull()
    expect(time('2019-03-05T11:54::14')).toBeNull()
    expect(time('2026-13-45T99:00:00Z')).toBeNull()
    expect(time('yesterday')).toBeNull()
  })

  it('accepts other MaxEnvelopes and refuses no number', () => {
    const rest = '<MaxEnvelopes>5</MaxEnvelopes><RetryCount>-1</RetryCount>'
    const { inform, warnings } = read(device() + rest)
    expect(inform).toMatchObject({ maxEnvelopes: 5, retryCount: 0 })
    expect(warnings).toContain('number_unreadable')
  })
})
