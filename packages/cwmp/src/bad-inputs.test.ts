import { describe, expect, it } from 'vitest'

import { decodePost, defaultLimits, type DecodedPost, type DecodeLimits } from './index.ts'

const CWMP = 'xmlns:cwmp="urn:dslforum-org:cwmp-1-0"'
const strict: DecodeLimits = { ...defaultLimits, repairs: { controlCharacters: false, ampersands: false } }
/** So that a limit on something else than bytes is what refuses. */
const roomy: DecodeLimits = { ...defaultLimits, maxBytes: 8_000_000 }

const device = (serialNumber = 'S1') =>
  `<DeviceId><Manufacturer>Acme</Manufacturer><OUI>00D09E</OUI><ProductClass>HG1</ProductClass><SerialNumber>${serialNumber}</SerialNumber></DeviceId>`
const event = (code: string) => `<EventStruct><EventCode>${code}</EventCode><CommandKey/></EventStruct>`
const parameter = (value: string, name = 'Device.DeviceInfo.SoftwareVersion') =>
  `<ParameterValueStruct><Name>${name}</Name><Value>${value}</Value></ParameterValueStruct>`

interface Parts {
  readonly device?: string
  readonly events?: string
  readonly list?: string
  readonly time?: string
  readonly maxEnvelopes?: string
}

function inform(parts: Parts = {}): string {
  const { events = event('2 PERIODIC'), list = `<ParameterList>${parameter('1.0')}</ParameterList>` } = parts
  return (
    `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ${CWMP}><s:Header><cwmp:ID>7</cwmp:ID></s:Header>` +
    `<s:Body><cwmp:Inform>${parts.device ?? device()}<Event>${events}</Event><MaxEnvelopes>${parts.maxEnvelopes ?? '1'}</MaxEnvelopes>` +
    `<CurrentTime>${parts.time ?? '2026-11-20T10:00:00Z'}</CurrentTime><RetryCount>0</RetryCount>${list}</cwmp:Inform></s:Body></s:Envelope>`
  )
}

function decode(text: string | Uint8Array, limits?: DecodeLimits, contentType?: string): DecodedPost {
  return decodePost(typeof text === 'string' ? Buffer.from(text) : text, contentType, limits)
}

/** The Inform that was read, or the code it was refused with. */
function heard(text: string | Uint8Array, limits?: DecodeLimits, contentType?: string) {
  const post = decode(text, limits, contentType)
  if (post.kind === 'malformed') return post.code
  const body = post.kind === 'envelopes' ? post.envelopes[0]?.body : undefined
  if (body?.kind !== 'inform') throw new Error(`an Inform was due: ${JSON.stringify(post)}`)
  return body
}

function valueOf(text: string | Uint8Array, limits?: DecodeLimits, contentType?: string): string | undefined {
  const body = heard(text, limits, contentType)
  return typeof body === 'string' ? body : body.parameters[0]?.value
}

function warningsOf(text: string | Uint8Array, limits?: DecodeLimits): readonly string[] {
  const post = decode(text, limits)
  return post.kind === 'envelopes' ? post.warnings.map(({ code }) => code) : [post.kind]
}

const withValue = (value: string) => inform({ list: `<ParameterList>${parameter(value)}</ParameterList>` })

describe('bad inputs of XML and SOAP', () => {
  it('bad input 1: a billion laughs is refused for its document type', () => {
    const entities = Array.from({ length: 9 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`).join('')
    expect(heard(`<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "ha">${entities}]>${withValue('&l9;')}`)).toBe(
      'doctype',
    )
    expect(heard(withValue('&l9;'), strict)).toBe('raw_ampersand')
    expect(valueOf(withValue('&l9;'))).toBe('&l9;')
  })

  it('bad input 2: an external entity is refused for its document type', () => {
    expect(heard(`<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>${withValue('&f;')}`)).toBe('doctype')
    expect(heard(`<!DOCTYPE x PUBLIC "-//x" "http://192.0.2.1/x.dtd">${inform()}`)).toBe('doctype')
    expect(heard(withValue('<!ENTITY f SYSTEM "file:///etc/passwd">'))).toBe('doctype')
  })

  it('bad input 3: a parameter entity is refused for its document type', () => {
    expect(heard(`<!DOCTYPE x [<!ENTITY % p SYSTEM "http://192.0.2.1/x.dtd"> %p;]>${inform()}`)).toBe('doctype')
    expect(heard(inform().replace('<s:Body>', '<!DOCTYPE x><s:Body>'))).toBe('doctype')
  })

  it('bad input 4: mismatched tags are refused, wherever they stand', () => {
    for (const [one, other] of [
      ['</SerialNumber>', '</Serial>'],
      ['</SerialNumber>', '</SERIALNUMBER>'],
      ['</SerialNumber>', '</x:SerialNumber>'],
      ['</SerialNumber>', ''],
      ['</SerialNumber>', '</SerialNumber></SerialNumber>'],
      ['</Event>', '</Event'],
      ['</Event>', '</Event/>'],
      ['</Event>', '</Event x="1">'],
      ['<Event>', '<Event x=1>'],
      ['<Event>', '<Event x>'],
      ['<Event>', '<Event x="1"y="2">'],
      ['<Event>', '<Event x="<">'],
      ['<Event>', '<Event x="1" x="1">'],
      ['<Event>', '<1Event>'],
      ['<Event>', '< Event>'],
      ['<Event>', '<Ev(ent>'],
      ['<Event>', '<Event><!-- a -- b -->'],
      ['<Event>', '<Event>]]>'],
      ['<Event>', '<Event><?xml version="1.0"?>'],
    ] as const) {
      expect([other, heard(inform().replace(one, other))]).toEqual([other, 'not_well_formed'])
    }
    for (let length = 1; length < inform().length; length += 7) {
      expect(['not_well_formed', 'not_an_envelope']).toContain(heard(inform().slice(0, length)))
    }
  })

  it('bad input 5: a second root and trailing garbage are refused', () => {
    expect(heard(`${inform()}<other/>`)).toBe('not_an_envelope')
    expect(heard(`${inform()}garbage`)).toBe('not_an_envelope')
    expect(heard(`garbage${inform()}`)).toBe('not_an_envelope')
    expect(heard(`${inform()}<![CDATA[x]]>`)).toBe('not_an_envelope')
    expect(heard(`${inform()}</s:Envelope>`)).toBe('not_well_formed')
    expect(heard(inform().repeat(5))).toBe('too_many_envelopes')
  })

  it('bad input 6: depth of 100,000 is refused at the limit', () => {
    const depth = (levels: number) => withValue('<a>'.repeat(levels) + '</a>'.repeat(levels))
    expect(heard(depth(100_000), roomy)).toBe('too_deep')
    // Envelope, Body, Inform, ParameterList, struct and Value are around them.
    expect(typeof heard(depth(defaultLimits.maxDepth - 6))).toBe('object')
    expect(heard(depth(defaultLimits.maxDepth - 5))).toBe('too_deep')
  })

  it('bad input 7: 100,000 attributes are refused at the limit', () => {
    const breadth = (count: number) =>
      inform().replace('<Event>', `<Event${Array.from({ length: count }, (_, at) => ` a${at}="1"`).join('')}>`)
    expect(decode(breadth(100_000), roomy)).toMatchObject({
      code: 'not_well_formed',
      detail: 'more than 64 attributes',
    })
    expect(typeof heard(breadth(64))).toBe('object')
    expect(heard(breadth(65))).toBe('not_well_formed')
  })

  it('bad input 8: a value of 2 MB is refused for its size, and is no trouble where that is allowed', () => {
    const large = withValue('x'.repeat(2_000_000))
    expect(heard(large)).toBe('too_large')
    expect(valueOf(large, roomy)).toHaveLength(2_000_000)
  })

  it('bad input 9: charsets are believed when declared, and refused when they lie', () => {
    const text = withValue('Zürich')
    expect(valueOf(Buffer.from(text, 'latin1'), undefined, 'text/xml; charset=utf-8')).toBe('charset_invalid')
    expect(valueOf(Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${text}`, 'latin1'))).toBe('charset_invalid')
    expect(valueOf(Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${text}`, 'latin1'))).toBe('Zürich')
    expect(valueOf(Buffer.from(`\ufeff${text}`))).toBe('Zürich')
    expect(valueOf(Buffer.from(`\ufeff${text}`, 'utf16le'))).toBe('Zürich')
    expect(valueOf(Buffer.from(`\ufeff${text}`, 'utf16le').swap16())).toBe('Zürich')
    expect(valueOf(Buffer.from(text, 'utf16le'))).toBe('Zürich')
    expect(
      valueOf(Buffer.concat([Buffer.from(text), Buffer.from([0xc0, 0xaf])]), undefined, 'text/xml; charset=utf-8'),
    ).toBe('charset_invalid')
  })

  it('bad input 10: NUL and control characters are refused, unless their repair is allowed', () => {
    for (const dirty of [
      '1.0\0',
      '\u00011.0',
      '1\u001b.0',
      '1.0\u007f',
      '1.\uffff0',
      '1.0&#0;',
      '1.0&#x1b;',
      '&#xD800;1.0',
    ]) {
      expect([dirty, valueOf(withValue(dirty), strict)]).toEqual([dirty, 'control_characters'])
      expect([dirty, valueOf(withValue(dirty))]).toEqual([dirty, '1.0'])
      expect(warningsOf(withValue(dirty))).toContain('control_characters_removed')
    }
    expect(warningsOf(withValue('1.0\t\n'), strict)).toEqual([])
  })

  it('bad input 10: a raw ampersand is refused, unless its repair is allowed', () => {
    expect(valueOf(withValue('a & b'), strict)).toBe('raw_ampersand')
    expect(valueOf(withValue('&nbsp;'), strict)).toBe('raw_ampersand')
    expect(valueOf(withValue('a & b'))).toBe('a & b')
    expect(warningsOf(withValue('a & b'))).toEqual(['ampersand_repaired'])
    expect(warningsOf(withValue('a &amp; b'), strict)).toEqual([])
  })

  it('bad input 10: one allowed repair does not bring the other', () => {
    const both = withValue('a\u0001 & b')
    const only = (controlCharacters: boolean, ampersands: boolean): DecodeLimits => ({
      ...defaultLimits,
      repairs: { controlCharacters, ampersands },
    })
    expect(valueOf(both, only(false, true))).toBe('control_characters')
    expect(valueOf(both, only(true, false))).toBe('raw_ampersand')
    expect(valueOf(both, only(true, true))).toBe('a & b')
    expect(warningsOf(both)).toEqual(['control_characters_removed', 'ampersand_repaired'])
  })

  it('bad input 11: CDATA in values is text, whatever it looks like', () => {
    expect(valueOf(withValue('<![CDATA[a <b> & </Value> &amp; c]]>'), strict)).toBe('a <b> & </Value> &amp; c')
    expect(valueOf(withValue('a<![CDATA[b]]>c<![CDATA[]]>'), strict)).toBe('abc')
    expect(valueOf(withValue('<![CDATA[x]]]]><![CDATA[>]]>'), strict)).toBe('x]]>')
    expect(valueOf(withValue('<![CDATA[never closed'))).toBe('not_well_formed')
  })

  it('bad input 12: names of object prototypes are names', () => {
    const before = Reflect.ownKeys(Object.prototype)
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      const text = inform({
        list: `<ParameterList ${name}="1">${parameter('v', name)}<${name}>1</${name}></ParameterList>`,
      })
      expect(heard(text)).toMatchObject({ parameters: [{ name, value: 'v' }] })
      expect(decode(inform().replaceAll('cwmp:Inform', name))).toMatchObject({
        envelopes: [{ body: { method: name } }],
      })
    }
    expect(Reflect.ownKeys(Object.prototype)).toEqual(before)
    expect(({} as Record<string, unknown>)['v']).toBeUndefined()
  })

  it('bad input 16: what is in a list counts, not what its arrayType says', () => {
    for (const announced of [
      'cwmp:ParameterValueStruct[9]',
      'cwmp:ParameterValueStruct[0]',
      'x[-1]',
      '[999999999999]',
    ]) {
      const text = inform({ list: `<ParameterList arrayType="${announced}">${parameter('1.0')}</ParameterList>` })
      expect(heard(text)).toMatchObject({ parameters: [{ value: '1.0' }] })
    }
    expect(warningsOf(inform({ list: `<ParameterList arrayType="x[9]">${parameter('1')}</ParameterList>` }))).toContain(
      'array_count_wrong',
    )
  })

  it('bad input 17: no event and unknown events are read, more than 64 refused', () => {
    expect(heard(inform({ events: '' }))).toMatchObject({ events: [] })
    expect(warningsOf(inform({ events: '' }))).toContain('events_missing')
    expect(heard(inform({ events: event('X 00D09E Melted') }))).toMatchObject({ events: [{ code: 'X 00D09E Melted' }] })
    expect(heard(inform({ events: event('1 BOOT').repeat(64) }))).toHaveProperty('events.length', 64)
    expect(heard(inform({ events: event('1 BOOT').repeat(65) }))).toBe('too_many_events')
  })

  it('bad input 18: an identity that is empty, too long or broken into lines is refused', () => {
    for (const serialNumber of ['', '   ', 'a\nb', 'a&#10;b', 'a&#x85;b&#13;c', 'x'.repeat(10_000), 'a\u2028b']) {
      expect([serialNumber, heard(inform({ device: device(serialNumber) }))]).toEqual([serialNumber, 'device_id'])
    }
    expect(heard(inform({ device: '' }))).toBe('device_id')
  })

  it('bad input 18: an identity that looks like a path or a subject is kept as it is, for others to escape', () => {
    for (const serialNumber of ['../../etc', 'a.b.*', 'a.&gt;', 'a b', "'; --"]) {
      const plain = serialNumber.replace('&gt;', '>')
      expect(heard(inform({ device: device(serialNumber) }))).toMatchObject({ deviceId: { serialNumber: plain } })
    }
  })

  it('bad input 20: the unknown time and unreadable ones are no time, and MaxEnvelopes may say anything', () => {
    for (const time of ['0001-01-01T00:00:00Z', '', 'yesterday', '2026-13-45T99:00:00Z']) {
      expect([time, heard(inform({ time }))]).toEqual([time, expect.objectContaining({ currentTime: null })])
    }
    expect(heard(inform({ maxEnvelopes: '0' }))).toMatchObject({ maxEnvelopes: 0 })
    expect(heard(inform({ maxEnvelopes: 'many' }))).toMatchObject({ maxEnvelopes: 1 })
  })
})
