import { describe, expect, it } from 'vitest'

import { CwmpError, encodeEnvelope, type AcsMessage, type Download, type OutgoingEnvelope } from './index.ts'

const download: Download = {
  kind: 'download',
  commandKey: 'fw01ARZ3NDEKTSV4RRFFQ69G5FAV',
  fileType: '1 Firmware Upgrade Image',
  url: 'http://files.example/a?b=1&c=2',
  delaySeconds: 0,
  argumentSet: 'all',
}

function encode(message: AcsMessage, rest: Partial<OutgoingEnvelope> = {}): string {
  return encodeEnvelope({ id: '1', cwmpVersion: '1.0', message, ...rest })
}

function elementsOf(xml: string, parent: string): readonly string[] {
  const inner = new RegExp(`<${parent}[^>]*>(.*)</${parent}>`, 's').exec(xml)?.[1] ?? ''
  return [...inner.matchAll(/<([A-Za-z:-]+)[ >]/g)].map((match) => match[1] ?? '')
}

function codeOf(action: () => unknown): string {
  try {
    action()
    return 'nothing'
  } catch (error) {
    return error instanceof CwmpError ? error.code : String(error)
  }
}

describe('every envelope', () => {
  it('uses the prefix cwmp: for the method and none for its arguments', () => {
    const xml = encode({ kind: 'schedule_inform', delaySeconds: 900, commandKey: 'soak' })
    expect(xml).toContain(
      '<cwmp:ScheduleInform><DelaySeconds>900</DelaySeconds><CommandKey>soak</CommandKey></cwmp:ScheduleInform>',
    )
  })

  it('starts without an XML declaration, unless the model needs one', () => {
    expect(encode({ kind: 'inform_response' })).toMatch(/^<soap-env:Envelope /)
    expect(encode({ kind: 'inform_response' }, { xmlDeclaration: true })).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n</,
    )
  })

  it('is in the namespace of the session', () => {
    for (const version of ['1.0', '1.1', '1.2'] as const) {
      const xml = encode({ kind: 'inform_response' }, { cwmpVersion: version })
      expect(xml).toContain(`xmlns:cwmp="urn:dslforum-org:cwmp-${version.replace('.', '-')}"`)
    }
  })

  it('echoes the ID escaped, must-understand, and no header where there is none', () => {
    const xml = encode({ kind: 'inform_response' }, { id: '</cwmp:ID><evil a="\'&' })
    expect(xml).toContain('<cwmp:ID soap-env:mustUnderstand="1">&lt;/cwmp:ID&gt;&lt;evil a=&quot;&apos;&amp;</cwmp:ID>')
    expect(encode({ kind: 'inform_response' }, { id: null })).not.toContain('Header')
  })

  it('names the negotiated version where asked to, and never holds requests', () => {
    const xml = encode({ kind: 'inform_response' }, { useCwmpVersion: '1.4' })
    expect(xml).toContain('<cwmp:UseCWMPVersion soap-env:mustUnderstand="1">1.4</cwmp:UseCWMPVersion>')
    expect(xml).not.toContain('HoldRequests')
  })
})

describe('Download', () => {
  it('carries all ten arguments, the ones not given empty', () => {
    const xml = encode({ ...download, username: 'u', password: 'p<&>', fileSize: 12_345 })
    expect(elementsOf(xml, 'cwmp:Download')).toEqual([
      'CommandKey',
      'FileType',
      'URL',
      'Username',
      'Password',
      'FileSize',
      'TargetFileName',
      'DelaySeconds',
      'SuccessURL',
      'FailureURL',
    ])
    expect(xml).toContain('<URL>http://files.example/a?b=1&amp;c=2</URL>')
    expect(xml).toContain(
      '<Password>p&lt;&amp;&gt;</Password><FileSize>12345</FileSize><TargetFileName></TargetFileName>',
    )
  })

  it('carries four where the model refuses the others, and no credentials then', () => {
    const xml = encode({ ...download, argumentSet: 'minimal', username: 'u', password: 'p', fileSize: 1 })
    expect(elementsOf(xml, 'cwmp:Download')).toEqual(['CommandKey', 'FileType', 'URL', 'DelaySeconds'])
  })

  it('is refused where an argument would have to be changed to fit', () => {
    expect(codeOf(() => encode({ ...download, commandKey: 'x'.repeat(33) }))).toBe('argument_too_long')
    expect(codeOf(() => encode({ ...download, url: `http://${'x'.repeat(260)}` }))).toBe('argument_too_long')
    expect(codeOf(() => encode({ ...download, url: 'http://a\u0000b' }))).toBe('argument_not_text')
    expect(codeOf(() => encode({ ...download, delaySeconds: -1 }))).toBe('argument_not_unsigned')
    expect(codeOf(() => encode({ ...download, fileSize: 2 ** 32 }))).toBe('argument_not_unsigned')
    expect(codeOf(() => encode({ ...download, delaySeconds: 1.5 }))).toBe('argument_not_unsigned')
  })

  it('does not put a refused value into the error', () => {
    expect(() => encode({ ...download, password: `secret${'x'.repeat(300)}` })).toThrow(/^Password is longer than 256/)
  })
})

describe('other messages', () => {
  it('announce the right number of array items', () => {
    expect(encode({ kind: 'get_parameter_values', names: ['A.B', 'A.C'] })).toContain(
      '<ParameterNames soap-enc:arrayType="xsd:string[2]"><string>A.B</string><string>A.C</string></ParameterNames>',
    )
    expect(encode({ kind: 'get_rpc_methods_response', methods: ['Inform'] })).toContain(
      '<MethodList soap-enc:arrayType="xsd:string[1]"><string>Inform</string></MethodList>',
    )
  })

  it('set typed values', () => {
    const xml = encode({
      kind: 'set_parameter_values',
      parameters: [{ name: 'A.B', value: '60', type: 'unsignedInt' }],
      parameterKey: '',
    })
    expect(xml).toContain(
      '<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[1]"><ParameterValueStruct><Name>A.B</Name><Value xsi:type="xsd:unsignedInt">60</Value></ParameterValueStruct></ParameterList><ParameterKey></ParameterKey>',
    )
  })

  it('never schedule an Inform for now', () => {
    expect(codeOf(() => encode({ kind: 'schedule_inform', delaySeconds: 0, commandKey: '' }))).toBe(
      'argument_not_unsigned',
    )
  })

  it('blame the right side in a fault', () => {
    const fault = (code: 8000 | 8003) => encode({ kind: 'acs_fault', code })
    expect(fault(8000)).toContain('<faultcode>Server</faultcode><faultstring>CWMP fault</faultstring>')
    expect(fault(8003)).toContain('<faultcode>Client</faultcode>')
    expect(fault(8000)).toContain(
      '<detail><cwmp:Fault><FaultCode>8000</FaultCode><FaultString>Method not supported</FaultString></cwmp:Fault></detail></soap-env:Fault>',
    )
  })
})
