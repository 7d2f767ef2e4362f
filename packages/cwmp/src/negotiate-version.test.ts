import { describe, expect, it } from 'vitest'

import { decodePost, namespaceOf, negotiateVersion, type Negotiation } from './index.ts'

function inform(namespace: string, headers = ''): Negotiation {
  const device = '<DeviceId><OUI>00D09E</OUI><SerialNumber>S1</SerialNumber></DeviceId>'
  const xml = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:cwmp="${namespace}"><e:Header><cwmp:ID>1</cwmp:ID>${headers}</e:Header><e:Body><cwmp:Inform>${device}</cwmp:Inform></e:Body></e:Envelope>`
  const post = decodePost(Buffer.from(xml), undefined)
  const envelope = post.kind === 'envelopes' ? post.envelopes[0] : undefined
  if (envelope === undefined) throw new Error(JSON.stringify(post))
  return negotiateVersion(envelope)
}

const supported = (versions: string) => `<cwmp:SupportedCWMPVersions>${versions}</cwmp:SupportedCWMPVersions>`
const timeout = '<cwmp:SessionTimeout>60</cwmp:SessionTimeout>'

describe('the version of a session', () => {
  it('is what the namespace says where the CPE names none, and UseCWMPVersion is not sent then', () => {
    for (const version of ['1.0', '1.1', '1.2'] as const) {
      expect(inform(`urn:dslforum-org:cwmp-${version.replace('.', '-')}`)).toEqual({
        kind: 'chosen',
        version,
        namespace: version,
        useCwmpVersion: null,
      })
    }
  })

  it('quirk 16: 1.3 is told by the namespace of 1.2 with a SessionTimeout', () => {
    expect(inform('urn:dslforum-org:cwmp-1-2', timeout)).toMatchObject({ version: '1.3', namespace: '1.2' })
    expect(inform('urn:dslforum-org:cwmp-1-0', timeout)).toMatchObject({ version: '1.0', namespace: '1.0' })
  })

  it('quirk 15: an unknown namespace is spoken to as 1.0', () => {
    for (const namespace of ['urn:dslforum-org:cwmp-1-4', 'urn:dslforum-org:cwmp-2-0', 'urn:x']) {
      expect(inform(namespace)).toMatchObject({ version: '1.0', namespace: '1.0', useCwmpVersion: null })
    }
  })

  it('is the newest of those the CPE names, in whatever order', () => {
    for (const list of ['1.0,1.1,1.2,1.3,1.4', ' 1.4, 1.2', '1.2 , 1.4 ,1.5,9.9']) {
      expect(inform('urn:dslforum-org:cwmp-1-2', supported(list))).toEqual({
        kind: 'chosen',
        version: '1.4',
        namespace: '1.2',
        useCwmpVersion: '1.4',
      })
    }
    expect(inform('urn:dslforum-org:cwmp-1-2', supported('1.0,1.1'))).toMatchObject({
      version: '1.1',
      namespace: '1.1',
    })
  })

  it('is none where the CPE names only versions that are not ours', () => {
    expect(inform('urn:dslforum-org:cwmp-1-2', supported('1.5,2.0'))).toEqual({ kind: 'incompatible' })
  })

  it('is inferred where the list cannot be read', () => {
    expect(inform('urn:dslforum-org:cwmp-1-1', supported('all'))).toMatchObject({
      version: '1.1',
      useCwmpVersion: null,
    })
    expect(inform('urn:dslforum-org:cwmp-1-1', supported(''))).toMatchObject({ version: '1.1', useCwmpVersion: null })
  })

  it('from 1.2 on has one namespace', () => {
    expect((['1.0', '1.1', '1.2', '1.3', '1.4'] as const).map(namespaceOf)).toEqual(['1.0', '1.1', '1.2', '1.2', '1.2'])
  })
})
