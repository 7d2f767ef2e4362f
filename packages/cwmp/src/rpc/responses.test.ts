import { describe, expect, it } from 'vitest'

import { decodePost, faultCodes, isCpeRequest, rpcNameOf, type CpeMessage, type WarningCode } from '../index.ts'

function read(body: string): { body: CpeMessage; warnings: readonly WarningCode[] } {
  const xml = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:cwmp="urn:dslforum-org:cwmp-1-0"><e:Header><cwmp:ID>1</cwmp:ID></e:Header><e:Body>${body}</e:Body></e:Envelope>`
  const result = decodePost(Buffer.from(xml), undefined)
  if (result.kind !== 'envelopes' || result.envelopes[0] === undefined) throw new Error(JSON.stringify(result))
  return { body: result.envelopes[0].body, warnings: result.warnings.map((warning) => warning.code) }
}

describe('DownloadResponse', () => {
  const response = (inner: string) => read(`<cwmp:DownloadResponse>${inner}</cwmp:DownloadResponse>`)

  it('with Status 0 is done, with 1 is not yet', () => {
    expect(response('<Status>0</Status><StartTime>2026-01-01T00:00:00Z</StartTime>').body).toEqual({
      kind: 'download_response',
      status: 0,
      startTime: '2026-01-01T00:00:00.000Z',
      completeTime: null,
    })
    expect(response('<Status>1</Status><StartTime></StartTime>').body).toMatchObject({ status: 1, startTime: null })
  })

  it('without a readable Status is never taken for done', () => {
    expect(response('').body).toMatchObject({ status: 1 })
    expect(response('').warnings).toContain('status_missing')
    expect(response('<Status>ok</Status>').body).toMatchObject({ status: 1 })
    expect(response('<Status>2</Status>').body).toMatchObject({ status: 1 })
  })
})

describe('a parameter value', () => {
  const valueOf = (value: string) => {
    const struct = `<ParameterValueStruct><Name>A</Name>${value}</ParameterValueStruct>`
    const { body } = read(
      `<cwmp:GetParameterValuesResponse><ParameterList>${struct}</ParameterList></cwmp:GetParameterValuesResponse>`,
    )
    return body.kind === 'get_parameter_values_response' ? body.parameters[0]?.value : undefined
  }

  it('keeps the blanks of a string, so that reading and writing it changes nothing', () => {
    expect(valueOf('<Value xsi:type="xsd:string">  my home </Value>')).toBe('  my home ')
    expect(valueOf('<Value>  my home </Value>')).toBe('  my home ')
  })

  it('has none around anything else, and indentation is none', () => {
    expect(valueOf('<Value xsi:type="xsd:unsignedInt"> 7 </Value>')).toBe('7')
    expect(valueOf('<Value xsi:type="xsd:string">\n  48BF74 \n</Value>')).toBe('48BF74')
  })
})

describe('DUStateChangeComplete', () => {
  const uuids = (results: string) => {
    const { body } = read(`<cwmp:DUStateChangeComplete>${results}</cwmp:DUStateChangeComplete>`)
    return body.kind === 'du_state_change_complete' ? body.results.map(({ uuid }) => uuid) : undefined
  }

  it('is read with one Results for each unit, and with one for all of them', () => {
    expect(uuids('<Results><UUID>a</UUID></Results><Results><UUID>b</UUID></Results>')).toEqual(['a', 'b'])
    const structs = ['a', 'b'].map((uuid) => `<OpResultStruct><UUID>${uuid}</UUID></OpResultStruct>`)
    expect(uuids(`<Results>${structs.join('')}</Results>`)).toEqual(['a', 'b'])
  })
})

describe('TransferComplete', () => {
  const complete = (inner: string) => read(`<cwmp:TransferComplete>${inner}</cwmp:TransferComplete>`).body

  it('is read in any order of its elements', () => {
    const fault = '<FaultStruct><FaultCode>9010</FaultCode><FaultString>no</FaultString></FaultStruct>'
    const expected = { commandKey: 'fw1', faultCode: 9010, faultString: 'no' }
    expect(complete(`<CommandKey>fw1</CommandKey>${fault}<StartTime/>`)).toMatchObject(expected)
    expect(complete(`<StartTime/><CompleteTime/>${fault}<CommandKey>fw1</CommandKey>`)).toMatchObject(expected)
  })

  it('without a FaultStruct is success, and with an unreadable code is not', () => {
    expect(complete('<CommandKey>fw1</CommandKey>')).toMatchObject({ faultCode: 0 })
    expect(complete('<FaultStruct><FaultCode>bad</FaultCode></FaultStruct>')).toMatchObject({ faultCode: 9001 })
    expect(complete('<FaultStruct><FaultCode></FaultCode></FaultStruct>')).toMatchObject({ faultCode: 9001 })
  })

  it('keeps an empty CommandKey and a vendor fault code', () => {
    const body = complete('<CommandKey/><FaultStruct><FaultCode>9808</FaultCode></FaultStruct>')
    expect(body).toMatchObject({ commandKey: '', faultCode: 9808 })
  })
})

describe('a SOAP fault', () => {
  const fault = (inner: string) => read(`<e:Fault><faultcode>Client</faultcode>${inner}</e:Fault>`)
  const detail =
    '<detail><cwmp:Fault><FaultCode>9005</FaultCode><FaultString>no such</FaultString></cwmp:Fault></detail>'

  it('carries the code of its detail', () => {
    expect(fault(`<faultstring>CWMP fault</faultstring>${detail}`)).toEqual({
      body: { kind: 'fault', code: 9005, text: 'no such', parameterFaults: [] },
      warnings: [],
    })
  })

  it('names the parameters that SetParameterValues could not set', () => {
    const single =
      '<SetParameterValuesFault><ParameterName>A.B</ParameterName><FaultCode>9007</FaultCode><FaultString>too long</FaultString></SetParameterValuesFault>'
    const { body } = fault(detail.replace('</cwmp:Fault>', `${single}</cwmp:Fault>`))
    expect(body).toMatchObject({ parameterFaults: [{ name: 'A.B', code: 9007, text: 'too long' }] })
  })
})

describe('other responses', () => {
  it('list the transfers a CPE holds', () => {
    const struct =
      '<AllQueuedTransferStruct><CommandKey>fw1</CommandKey><State>2</State><IsDownload>true</IsDownload><FileType>1 Firmware Upgrade Image</FileType><FileSize>12</FileSize><TargetFileName/></AllQueuedTransferStruct>'
    expect(
      read(
        `<cwmp:GetAllQueuedTransfersResponse><TransferList>${struct}</TransferList></cwmp:GetAllQueuedTransfersResponse>`,
      ).body,
    ).toEqual({
      kind: 'get_all_queued_transfers_response',
      transfers: [
        {
          commandKey: 'fw1',
          state: 2,
          isDownload: true,
          fileType: '1 Firmware Upgrade Image',
          fileSize: 12,
          targetFileName: '',
        },
      ],
    })
    expect(read('<cwmp:GetAllQueuedTransfersResponse/>').body).toMatchObject({ transfers: [] })
  })

  it('are told apart from requests', () => {
    for (const name of ['ScheduleInformResponse', 'CancelTransferResponse', 'RebootResponse', 'AddObjectResponse']) {
      const { body } = read(`<cwmp:${name}/>`)
      expect(isCpeRequest(body)).toBe(false)
      expect(rpcNameOf(body)).toBe(name)
    }
    for (const name of ['TransferComplete', 'GetRPCMethods', 'Kicked']) {
      const { body } = read(`<cwmp:${name}/>`)
      expect(isCpeRequest(body)).toBe(true)
      expect(rpcNameOf(body)).toBe(name)
    }
  })
})

describe('the table of fault codes', () => {
  it('has every code of TR-069 A.5', () => {
    const codes = [...faultCodes.keys()]
    expect(codes).toEqual([
      ...Array.from({ length: 7 }, (_, at) => 8000 + at),
      ...Array.from({ length: 33 }, (_, at) => 9000 + at),
    ])
  })
})
