import { describe, expect, it } from 'vitest'

import { corpusIsAbsent, whyAbsent, type Sample } from '../test/corpus.ts'
import { decodePost, type CpeMessage } from './index.ts'
import { expectations } from './testing/reference-expectations.ts'
import { referenceSamples } from './testing/reference-samples.ts'
import { summaryOf } from './testing/summary.ts'

const samples: ReadonlyMap<string, Sample> = new Map(referenceSamples().map((sample) => [sample.name, sample]))

function decoded(name: string) {
  const sample = samples.get(name)
  if (sample === undefined) throw new Error(`no such sample: ${name}`)
  return decodePost(sample.body, sample.contentType)
}

function said(name: string): CpeMessage {
  const post = decoded(name)
  const body = post.kind === 'envelopes' ? post.envelopes[0]?.body : undefined
  if (body === undefined) throw new Error(summaryOf(post))
  return body
}

describe.skipIf(corpusIsAbsent)(`reference messages ${whyAbsent}`, () => {
  it(`each have an expectation (${samples.size} messages), and each expectation has its message`, () => {
    expect([...samples.keys()].toSorted()).toEqual(Object.keys(expectations).toSorted())
  })

  it.each([...samples.keys()])('%s is read as expected', (name) => {
    expect(summaryOf(decoded(name))).toBe(expectations[name])
  })
})

describe.skipIf(corpusIsAbsent)(`what reference messages mean ${whyAbsent}`, () => {
  it('quirk 31: a TransferComplete without CommandKey is read', () => {
    expect(said('vendor-samples/genieacs-issue171-transfercomplete-9015.xml')).toMatchObject({
      kind: 'transfer_complete',
      commandKey: '',
      faultCode: 9015,
      startTime: null,
    })
  })

  it('two parameters could not be set', () => {
    expect(said('vendor-samples/go-cwmp-fault2.xml')).toMatchObject({
      code: 9003,
      parameterFaults: [
        { name: 'Device.Time.NTPServer1', code: 9007 },
        { name: 'Device.Time.LocalTimeZoneName', code: 9007 },
      ],
    })
  })

  it('an upgrade finished, or did not', () => {
    expect(said('vendor-samples/cpelabs-inform-transfer-complete.xml')).toMatchObject({
      events: [{ code: '7 TRANSFER COMPLETE' }, { code: 'M Download', commandKey: 'fw-1' }],
    })
    expect(said('client-captures/genieacs-sim/08.txt')).toMatchObject({ commandKey: 'fw-ok-1', faultCode: 0 })
    expect(said('client-captures/softov-sim/19.txt')).toMatchObject({ commandKey: 'fw-404-1', faultCode: 9010 })
  })

  it('a file came that nobody here sent', () => {
    expect(said('vendor-samples/hdm-autonomous-transfer-complete.xml')).toEqual({
      kind: 'autonomous_transfer_complete',
      announceUrl: 'http://announceURL_FwUpgr',
      transferUrl: 'http://transferURL_FwUpgr',
      isDownload: true,
      fileType: '1 Firmware Upgrade Image',
      fileSize: 12_345,
      targetFileName: 'http://targetFileName_FwUpgr',
      faultCode: 0,
      faultString: '',
      startTime: '2012-10-03T18:53:34.225Z',
      completeTime: '2012-10-03T18:53:44.225Z',
    })
  })

  it('a data model of eleven names, although its items are called otherwise', () => {
    const body = said('client-captures/evcpe/08.txt')
    expect(body).toMatchObject({ kind: 'get_parameter_names_response' })
    expect('parameters' in body ? body.parameters[1] : null).toEqual({
      name: 'InternetGatewayDevice.DeviceSummary',
      writable: false,
    })
  })

  it('a clock nobody can read, a name that stands twice', () => {
    expect(said('vendor-samples/cycto-inform.xml')).toMatchObject({ kind: 'inform', currentTime: null })
    const body = said('vendor-samples/zte-f600w-inform-bootstrap.xml')
    const names = body.kind === 'inform' ? body.parameters.map((parameter) => parameter.name) : []
    expect(new Set(names).size).toBeLessThan(names.length)
  })

  it('what an operator sees of them', () => {
    expect(said('client-captures/netcwmp/02.txt')).toMatchObject({
      deviceId: { oui: 'A00001', productClass: 'OT2800' },
    })
    expect(said('client-captures/genieacs-sim/05.txt')).toMatchObject({ status: 1, startTime: null })
  })
})
