import { describe, expect, it } from 'vitest'

import { decodePost, defaultLimits, type DecodedPost, type WarningCode } from './index.ts'

const NS = 'xmlns:cwmp="urn:dslforum-org:cwmp-1-0"'
const DEVICE =
  '<DeviceId><Manufacturer>Acme</Manufacturer><OUI>00D09E</OUI><ProductClass>HG1</ProductClass><SerialNumber>S1</SerialNumber></DeviceId>'
const EVENT = '<Event><EventStruct><EventCode>2 PERIODIC</EventCode><CommandKey/></EventStruct></Event>'
const REST =
  '<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-11-20T10:00:00Z</CurrentTime><RetryCount>0</RetryCount><ParameterList/>'

function soap(body: string, header = '<cwmp:ID>7</cwmp:ID>', namespaces = NS): string {
  return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ${namespaces}><s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`
}

function inform(parts: { device?: string; event?: string; rest?: string } = {}): string {
  return soap(`<cwmp:Inform>${parts.device ?? DEVICE}${parts.event ?? EVENT}${parts.rest ?? REST}</cwmp:Inform>`)
}

function parameters(...values: readonly string[]): string {
  const structs = values.map((value, at) => `<ParameterValueStruct><Name>P.${at}</Name>${value}</ParameterValueStruct>`)
  return soap(
    `<cwmp:GetParameterValuesResponse><ParameterList>${structs.join('')}</ParameterList></cwmp:GetParameterValuesResponse>`,
  )
}

function decode(text: string | Uint8Array, contentType?: string): DecodedPost {
  return decodePost(typeof text === 'string' ? Buffer.from(text, 'utf8') : text, contentType)
}

function only(text: string | Uint8Array, contentType?: string) {
  const post = decode(text, contentType)
  if (post.kind !== 'envelopes' || post.envelopes[0] === undefined) throw new Error(JSON.stringify(post))
  return {
    envelope: post.envelopes[0],
    body: post.envelopes[0].body,
    warnings: post.warnings.map((warning) => warning.code),
  }
}

function bodyAs<K extends string>(text: string | Uint8Array, kind: K, contentType?: string) {
  const { body } = only(text, contentType)
  if (body.kind !== kind) throw new Error(`a ${body.kind}`)
  return body as Extract<typeof body, { kind: K }>
}

function warningsOf(text: string): readonly WarningCode[] {
  return only(text).warnings
}

function refusal(text: string | Uint8Array, contentType?: string): string {
  const post = decode(text, contentType)
  return post.kind === 'malformed' ? post.code : post.kind
}

describe('a POST without content', () => {
  it('is empty', () => {
    expect(decode('')).toEqual({ kind: 'empty' })
    expect(decode('\r\n', 'text/xml')).toEqual({ kind: 'empty' })
  })

  it('is not what junk is: junk is malformed', () => {
    expect(refusal('hello')).toBe('not_an_envelope')
    expect(refusal('GET / HTTP/1.1')).toBe('not_an_envelope')
    expect(refusal('<html><body>x</body></html>')).toBe('not_an_envelope')
    expect(refusal(Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00))).toBe('not_an_envelope')
  })
})

describe('hostile markup is refused before it costs anything', () => {
  it('refuses every document type: entity bombs, external entities, parameter entities', () => {
    const bomb = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    expect(refusal(bomb + inform())).toBe('doctype')
    expect(refusal('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + inform())).toBe('doctype')
    expect(refusal('<!DOCTYPE x [<!ENTITY % p SYSTEM "http://evil/x.dtd"> %p;]>' + inform())).toBe('doctype')
    expect(refusal('<!doctype x>' + inform())).toBe('doctype')
    expect(refusal('<?xml version="1.0"?>\n<!-- c --><!DOCTYPE x>' + inform())).toBe('doctype')
  })

  it('lets a document type stand as words inside a value', () => {
    const body = bodyAs(parameters('<Value><![CDATA[<!DOCTYPE html>]]></Value>'), 'get_parameter_values_response')
    expect(body.parameters[0]?.value).toBe('<!DOCTYPE html>')
  })

  it('expands no entity but the five of XML', () => {
    const body = bodyAs(parameters('<Value>&lt;&amp;&quot;&#65;&#x42;&foo;</Value>'), 'get_parameter_values_response')
    expect(body.parameters[0]?.value).toBe('<&"AB&foo;')
  })

  it('refuses mismatched, unclosed and truncated markup', () => {
    expect(refusal(inform().replace('</SerialNumber>', '</Serial>'))).toBe('not_well_formed')
    expect(refusal(inform().slice(0, -20))).toBe('not_well_formed')
    expect(refusal('<a><b></a></b>')).toBe('not_well_formed')
    expect(refusal(inform() + '<!-- never closed')).toBe('not_well_formed')
    expect(refusal(inform().replace('<RetryCount>', '<RetryCount a="1" a="2">'))).toBe('not_well_formed')
  })

  it('refuses a second root and text outside the envelope', () => {
    expect(refusal(inform() + '<other/>')).toBe('not_an_envelope')
    expect(refusal(inform() + 'trailing')).toBe('not_an_envelope')
    expect(refusal('leading' + inform())).toBe('not_an_envelope')
    expect(refusal(`${inform()}</post><post>${inform()}`)).toBe('not_well_formed')
    expect(refusal(`</post>${inform()}<post>`)).toBe('not_well_formed')
  })

  it('refuses what is deeper than the limit', () => {
    const deep = (levels: number) => soap(`<cwmp:X>${'<a>'.repeat(levels)}${'</a>'.repeat(levels)}</cwmp:X>`)
    expect(only(deep(20)).body.kind).toBe('unknown_request')
    expect(refusal(deep(40))).toBe('too_deep')
    expect(refusal('<a>'.repeat(100_000))).toBe('too_large')
    const roomy = { ...defaultLimits, maxBytes: 1e6 }
    expect(decodePost(Buffer.from('<a>'.repeat(100_000)), undefined, roomy)).toMatchObject({ code: 'too_deep' })
  })

  it('refuses more attributes on one element than any CPE sends', () => {
    const attributes = Array.from({ length: 1000 }, (_, at) => ` a${at}="1"`).join('')
    expect(refusal(inform().replace('<RetryCount>', `<RetryCount${attributes}>`))).toBe('not_well_formed')
  })

  it('refuses more bytes and more markup than the limits', () => {
    const value = `<Value>${'x'.repeat(2_000_000)}</Value>`
    expect(refusal(parameters(value))).toBe('too_large')
    const roomy = { ...defaultLimits, maxBytes: 4_000_000 }
    expect(decodePost(Buffer.from(parameters(value)), undefined, roomy).kind).toBe('envelopes')
    const many = parameters(...Array.from({ length: 6000 }, () => '<Value/>'))
    expect(decodePost(Buffer.from(many), undefined, roomy)).toMatchObject({ code: 'too_many_elements' })
  })

  it('treats names of object prototypes as names', () => {
    const before = Object.keys(Object.prototype).length
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      expect(['envelopes', 'not_well_formed']).toContain(
        refusal(soap(`<cwmp:${name}><${name}>1</${name}></cwmp:${name}>`)),
      )
      const body = bodyAs(parameters('<Value>v</Value>').replace('P.0', name), 'get_parameter_values_response')
      expect(body.parameters).toEqual([{ name, value: 'v', type: null }])
    }
    expect(Object.keys(Object.prototype).length).toBe(before)
    expect(({} as Record<string, unknown>)['1']).toBeUndefined()
  })
})

describe('charsets', () => {
  const ssid = (head: string) => head + parameters('<Value>Café</Value>')
  const value = (bytes: Uint8Array, contentType?: string) =>
    bodyAs(bytes, 'get_parameter_values_response', contentType).parameters[0]?.value

  it('reads UTF-8 with and without a byte order mark', () => {
    expect(value(Buffer.from(ssid(''), 'utf8'))).toBe('Café')
    expect(value(Buffer.from('\ufeff' + ssid('<?xml version="1.0"?>'), 'utf8'))).toBe('Café')
  })

  it('reads ISO-8859-1 where Content-Type or declaration say so', () => {
    expect(value(Buffer.from(ssid(''), 'latin1'), 'text/xml; charset=ISO-8859-1')).toBe('Café')
    expect(value(Buffer.from(ssid('<?xml version="1.0" encoding="iso-8859-1"?>'), 'latin1'))).toBe('Café')
  })

  it('reads UTF-16 by its byte order mark and by its pattern', () => {
    expect(value(Buffer.from('\ufeff' + ssid(''), 'utf16le'))).toBe('Café')
    expect(value(Buffer.from('\ufeff' + ssid(''), 'utf16le').swap16())).toBe('Café')
    expect(value(Buffer.from(ssid('<?xml version="1.0" encoding="UTF-16"?>'), 'utf16le'))).toBe('Café')
  })

  it('refuses bytes that do not fit the charset they claim', () => {
    expect(refusal(Buffer.from(ssid(''), 'latin1'), 'text/xml; charset="utf-8"')).toBe('charset_invalid')
    expect(refusal(Buffer.from(ssid('<?xml version="1.0" encoding="UTF-8"?>'), 'latin1'))).toBe('charset_invalid')
    expect(refusal(Buffer.from('\ufeff' + ssid(''), 'utf16le').subarray(0, -1))).toBe('charset_invalid')
  })

  it('reads silent bytes that are not UTF-8 as ISO-8859-1, and says so', () => {
    const { body, warnings } = only(Buffer.from(ssid(''), 'latin1'))
    expect(body).toMatchObject({ parameters: [{ value: 'Café' }] })
    expect(warnings).toContain('charset_unknown')
  })
})

describe('characters', () => {
  it('drops control characters, raw or by reference, and says so', () => {
    const { body, warnings } = only(parameters('<Value>a\u0002b\u0000c</Value>', '<Value>x&#0;&#27;&#x9b;y</Value>'))
    expect(body).toMatchObject({ parameters: [{ value: 'abc' }, { value: 'xy' }] })
    expect(warnings).toContain('control_characters_removed')
  })

  it('repairs a raw ampersand, but not inside CDATA', () => {
    const { body, warnings } = only(
      parameters('<Value>a & b?x=1&y=2</Value>', '<Value><![CDATA[c & &amp; d]]></Value>'),
    )
    expect(body).toMatchObject({ parameters: [{ value: 'a & b?x=1&y=2' }, { value: 'c & &amp; d' }] })
    expect(warnings).toContain('ampersand_repaired')
    expect(only(parameters(`<Value>${'&'.repeat(1000)}</Value>`)).body.kind).toBe('get_parameter_values_response')
    expect(refusal(parameters(`<Value>${'&'.repeat(1001)}</Value>`))).toBe('not_well_formed')
  })

  it('accepts CDATA, and comments with an apostrophe or markup in them', () => {
    const text = parameters("<!-- it's <b> & --><Value>a<![CDATA[<b>]]>c</Value>")
    expect(bodyAs(text, 'get_parameter_values_response').parameters[0]?.value).toBe('a<b>c')
  })

  it('trims white space around every text', () => {
    const text = inform({
      event: '<Event><EventStruct><EventCode>\n 1 BOOT\n</EventCode><CommandKey> k </CommandKey></EventStruct></Event>',
    })
    expect(bodyAs(text, 'inform').events).toEqual([{ code: '1 BOOT', commandKey: 'k' }])
    expect(only(soap('<cwmp:GetRPCMethods/>', '<cwmp:ID>\n 7 \n</cwmp:ID>')).envelope.id).toBe('7')
  })
})

describe('envelopes', () => {
  it('match by local name whatever the prefixes', () => {
    const bare = `<Envelope><Body><Inform xmlns="urn:dslforum-org:cwmp-1-2">${DEVICE}${EVENT}${REST}</Inform></Body></Envelope>`
    expect(only(bare).envelope).toMatchObject({ id: null, cwmpVersion: '1.2', body: { kind: 'inform' } })
    const odd = soap(`<c1:Inform>${DEVICE}${EVENT}${REST}</c1:Inform>`, '', 'xmlns:c1="urn:dslforum-org:cwmp-1-1"')
    expect(only(odd).envelope).toMatchObject({ cwmpVersion: '1.1', body: { kind: 'inform' } })
    const undeclared = soap(`<x:Inform>${DEVICE}${EVENT}${REST}</x:Inform>`)
    expect(only(undeclared).envelope.cwmpVersion).toBe('1.0')
  })

  it('of unknown or no namespace are spoken to as 1.0, with a warning', () => {
    for (const [namespaces, warning] of [
      ['xmlns:cwmp="urn:dslforum-org:cwmp-1-4"', 'namespace_unknown'],
      ['xmlns:cwmp="urn:dslforum-org:cwmp-9-9"', 'namespace_unknown'],
      ['', 'namespace_missing'],
    ] as const) {
      const { envelope, warnings } = only(soap('<cwmp:GetRPCMethods/>', '<cwmp:ID>1</cwmp:ID>', namespaces))
      expect(envelope.cwmpVersion).toBe('1.0')
      expect(warnings).toContain(warning)
    }
  })

  it('need exactly one Body with exactly one message', () => {
    expect(refusal(soap(''))).toBe('method_count')
    expect(refusal(soap('<cwmp:GetRPCMethods/><cwmp:GetRPCMethods/>'))).toBe('method_count')
    expect(refusal('<Envelope><Header/></Envelope>')).toBe('body_count')
    expect(refusal('<Envelope><Body><a/></Body><Body><b/></Body></Envelope>')).toBe('body_count')
  })

  it('without an ID are accepted with a warning; with two or a huge one they are not', () => {
    expect(only(soap('<cwmp:GetRPCMethods/>', '')).envelope.id).toBeNull()
    expect(warningsOf(soap('<cwmp:GetRPCMethods/>', ''))).toContain('id_missing')
    expect(refusal(soap('<cwmp:GetRPCMethods/>', '<cwmp:ID>1</cwmp:ID><cwmp:ID>2</cwmp:ID>'))).toBe('header_unreadable')
    expect(refusal(soap('<cwmp:GetRPCMethods/>', `<cwmp:ID>${'9'.repeat(4096)}</cwmp:ID>`))).toBe('header_unreadable')
  })

  it('may repeat mustUnderstand, and no other attribute', () => {
    const header = '<cwmp:ID s:mustUnderstand="1" s:mustUnderstand="">7</cwmp:ID>'
    expect(only(soap('<cwmp:GetRPCMethods/>', header)).envelope.id).toBe('7')
    expect(warningsOf(soap('<cwmp:GetRPCMethods/>', header))).toContain('attribute_repeated')
    expect(refusal(soap('<cwmp:GetRPCMethods/>', '<cwmp:ID a="1" a="1">7</cwmp:ID>'))).toBe('not_well_formed')
  })

  it('carry the session timeout and the versions a CPE announces', () => {
    const header =
      '<cwmp:ID>1</cwmp:ID><cwmp:SessionTimeout>40</cwmp:SessionTimeout><cwmp:SupportedCWMPVersions>1.0, 1.4,x</cwmp:SupportedCWMPVersions>'
    expect(only(soap('<cwmp:GetRPCMethods/>', header)).envelope).toMatchObject({
      sessionTimeoutSeconds: 40,
      supportedVersions: ['1.0', '1.4'],
    })
  })

  it('several in one POST are all read, or the POST is refused', () => {
    const two = decode(inform() + soap('<cwmp:GetRPCMethods/>'))
    expect(two).toMatchObject({ envelopes: [{ body: { kind: 'inform' } }, { body: { kind: 'get_rpc_methods' } }] })
    expect(two).toMatchObject({ warnings: expect.arrayContaining([{ code: 'several_envelopes' }]) })
    expect(refusal(inform() + soap(''))).toBe('method_count')
    expect(refusal(inform().repeat(5))).toBe('too_many_envelopes')
  })

  it('with an unknown method name it, in safe characters', () => {
    expect(only(soap('<cwmp:X_00D09E_Beep/>')).body).toEqual({ kind: 'unknown_request', method: 'X_00D09E_Beep' })
    expect(only(soap('<cwmp:X_BeepResponse/>')).body).toEqual({ kind: 'unknown_response', method: 'X_Beep' })
    expect(only(soap(`<cwmp:${'x'.repeat(500)}/>`)).body).toEqual({ kind: 'unknown_request', method: 'x'.repeat(64) })
  })
})
