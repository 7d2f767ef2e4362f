import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  encodeEnvelope,
  rpcSince,
  type AcsMessage,
  type AcsRequest,
  type CpeMessage,
  type CwmpVersion,
  type Download,
} from './index.ts'
import { acsMessages } from './testing/arbitrary-acs-messages.ts'
import { cpeMessages } from './testing/arbitrary-cpe-messages.ts'
import { readDocument } from './testing/read-document.ts'
import { schemaOf, type Schema } from './testing/schema-document.ts'
import { departuresFrom } from './testing/schema.ts'
import { writeCpeEnvelope } from './testing/write-cpe-envelope.ts'
import { childOf, type XmlElement } from './xml-element.ts'

const fixtures = process.env['SLUICE_FIXTURES'] ?? ''
const schemas = join(fixtures, 'xsd')
const absent = fixtures === '' || !existsSync(schemas)

const seed = Number(process.env['SLUICE_SEED'] ?? 20_261_120)
const runs = { seed, numRuns: 25 }
const versions: readonly CwmpVersion[] = ['1.0', '1.1', '1.2']

/** Calls of a CPE that came after 1.0. */
const later: Readonly<Record<string, CwmpVersion>> = {
  autonomous_transfer_complete: '1.1',
  du_state_change_complete: '1.2',
  autonomous_du_state_change_complete: '1.2',
}

function isIn(kind: string, version: CwmpVersion): boolean {
  const request = kind.replace(/_response$/, '')
  return (later[request] ?? rpcSince(request as AcsRequest['kind'])) <= version
}

function schema(name: string): Schema {
  return schemaOf(readDocument(readFileSync(join(schemas, `${name}.xsd`), 'utf8')))
}

/** What the schema declares: the method, or the detail of a fault; and the ID header. */
function departures(envelope: string, from: Schema): readonly string[] {
  const root = readDocument(envelope)
  const body = childOf(root, 'Body')?.children[0]
  const declared = body?.name === 'Fault' ? childOf(childOf(body, 'detail'), 'Fault') : body
  const id = childOf(childOf(root, 'Header'), 'ID')
  return [declared, id].flatMap((part) => (part === undefined ? ['missing'] : departuresFrom(from, part)))
}

/** The schemas before 1.2 list their fault codes, and 8006 came with 1.4. */
function isListed(message: AcsMessage, version: CwmpVersion): boolean {
  return version !== '1.0' || message.kind !== 'acs_fault' || message.code !== 8006
}

function said(message: AcsMessage, cwmpVersion: CwmpVersion): string {
  return encodeEnvelope({ id: '1', cwmpVersion, message })
}

const sentBy = {
  acs: Object.entries(acsMessages) as [string, fc.Arbitrary<AcsMessage>][],
  cpe: Object.entries(cpeMessages) as [string, fc.Arbitrary<CpeMessage>][],
}

/** No schema validator is among the dependencies: testing/schema.ts reads the parts of XML Schema that CWMP uses. */
describe.skipIf(absent)(`what we send fits the schemas (needs SLUICE_FIXTURES with xsd/; seed ${seed})`, () => {
  describe.each(versions)('of CWMP %s', (version) => {
    const declared = absent ? schemaOf(readDocument('<schema/>')) : schema(`cwmp-${version.replace('.', '-')}`)

    it.each(sentBy.acs.filter(([kind]) => isIn(kind, version)))('every %s', (_kind, messages) => {
      fc.assert(
        fc.property(
          messages.filter((message) => isListed(message, version)),
          (message) => {
            expect(departures(said(message, version), declared)).toEqual([])
          },
        ),
        runs,
      )
    })

    it.each(sentBy.acs.filter(([kind]) => !isIn(kind, version)))('which has no %s', (_kind, messages) => {
      const [message] = fc.sample(messages, { seed, numRuns: 1 })
      if (message === undefined) throw new Error('no sample')
      expect(departures(said(message, version), declared)).toContainEqual(expect.stringContaining('not declared'))
    })
  })

  it('the header UseCWMPVersion, which came with 1.4', () => {
    const envelope = encodeEnvelope({
      id: '1',
      cwmpVersion: '1.2',
      message: { kind: 'inform_response' },
      useCwmpVersion: '1.4',
    })
    const header = childOf(childOf(readDocument(envelope), 'Header'), 'UseCWMPVersion')
    expect(header === undefined ? ['missing'] : departuresFrom(schema('cwmp-1-4'), header)).toEqual([])
  })

  it('but for the fault 8006 in the namespace of 1.0, which a CPE that names only later versions may have used', () => {
    const fault = said({ kind: 'acs_fault', code: 8006 }, '1.0')
    expect(departures(fault, schema('cwmp-1-0'))).toEqual([expect.stringContaining('FaultCode: "8006"')])
  })

  it('but for the minimal Download, which leaves out six arguments some models refuse', () => {
    const minimal: Download = {
      kind: 'download',
      commandKey: 'k',
      fileType: '1 Firmware Upgrade Image',
      url: 'http://a/',
      delaySeconds: 0,
      argumentSet: 'minimal',
    }
    for (const version of versions) {
      expect(departures(said(minimal, version), schema(`cwmp-${version.replace('.', '-')}`))).toEqual(
        ['Username', 'Password', 'FileSize', 'TargetFileName', 'SuccessURL', 'FailureURL'].map(
          (name) => `Download: 0 of ${name}`,
        ),
      )
    }
  })
})

describe.skipIf(absent)(
  `what our tests let a CPE say fits the schema (needs SLUICE_FIXTURES with xsd/; seed ${seed})`,
  () => {
    it.each(sentBy.cpe.filter(([kind]) => !kind.startsWith('unknown')))('every %s', (_kind, messages) => {
      const declared = schema('cwmp-1-2')
      fc.assert(
        fc.property(messages, (message) => {
          expect(departures(writeCpeEnvelope('1', '1.2', message), declared)).toEqual([])
        }),
        runs,
      )
    })
  },
)

describe.skipIf(absent)('the comparison with a schema notices (needs SLUICE_FIXTURES with xsd/)', () => {
  const judge = (xml: string) => departuresFrom(schema('cwmp-1-2'), element(xml))
  const element = (xml: string): XmlElement => readDocument(xml)
  const window =
    '<TimeWindowStruct><WindowStart>0</WindowStart><WindowEnd>9</WindowEnd><WindowMode>3 When Idle</WindowMode><UserMessage/><MaxRetries>-1</MaxRetries></TimeWindowStruct>'
  const scheduled = (list: string) =>
    judge(
      `<ScheduleDownload><CommandKey/><FileType>2 Web Content</FileType><URL/><Username/><Password/><FileSize>0</FileSize><TargetFileName/>${list}</ScheduleDownload>`,
    )

  it('elements that are missing, foreign or out of order', () => {
    const inform = (inner: string) => judge(`<ScheduleInform>${inner}</ScheduleInform>`)
    expect(inform('<DelaySeconds>1</DelaySeconds><CommandKey/>')).toEqual([])
    expect(inform('<CommandKey/><DelaySeconds>1</DelaySeconds>')).not.toEqual([])
    expect(inform('<DelaySeconds>1</DelaySeconds>')).not.toEqual([])
    expect(inform('<DelaySeconds>1</DelaySeconds><CommandKey/><More/>')).not.toEqual([])
    expect(judge('<Nothing/>')).toEqual(['Nothing: not declared'])
  })

  it('texts of another form or length', () => {
    expect(judge(`<Reboot><CommandKey>${'k'.repeat(33)}</CommandKey></Reboot>`)).not.toEqual([])
    expect(judge('<ScheduleInform><DelaySeconds>-1</DelaySeconds><CommandKey/></ScheduleInform>')).not.toEqual([])
    expect(judge('<DeleteObject><ObjectName>A.1</ObjectName><ParameterKey/></DeleteObject>')).not.toEqual([])
    expect(judge('<DeleteObjectResponse><Status>2</Status></DeleteObjectResponse>')).not.toEqual([])
    expect(judge('<ID soap-env:mustUnderstand="0">1</ID>')).not.toEqual([])
  })

  it('values of a type nobody declares, or that do not fit theirs', () => {
    const set = (type: string, value: string) =>
      judge(
        `<SetParameterValues><ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[1]"><ParameterValueStruct><Name>A</Name><Value xsi:type="${type}">${value}</Value></ParameterValueStruct></ParameterList><ParameterKey/></SetParameterValues>`,
      )
    expect(set('soap-enc:base64', 'YWJj')).toEqual([])
    expect(set('xsd:base64', 'YWJj')).not.toEqual([])
    expect(set('xsd:boolean', 'yes')).not.toEqual([])
  })

  it('arrays that announce the wrong number, none, or are too long', () => {
    const list = (count: number, announced = `soap-enc:arrayType="cwmp:TimeWindowStruct[${count}]"`) =>
      `<TimeWindowList ${announced}>${window.repeat(count)}</TimeWindowList>`
    expect(scheduled(list(2))).toEqual([])
    expect(scheduled(list(3))).not.toEqual([])
    expect(scheduled(list(1, ''))).not.toEqual([])
    expect(scheduled(list(1, 'soap-enc:arrayType="cwmp:TimeWindowStruct[2]"'))).not.toEqual([])
  })

  it('operations that do not say which they are, or hold what another holds', () => {
    const change = (type: string, inner: string) =>
      judge(`<ChangeDUState><Operations${type}>${inner}</Operations><CommandKey/></ChangeDUState>`)
    expect(change(' xsi:type="cwmp:InstallOpStruct"', '<URL>http://a/</URL>')).toEqual([])
    expect(change('', '<URL>http://a/</URL>')).not.toEqual([])
    expect(change(' xsi:type="cwmp:UninstallOpStruct"', '<URL>http://a/</URL>')).not.toEqual([])
  })
})
