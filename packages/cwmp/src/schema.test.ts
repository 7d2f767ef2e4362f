import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { encodeEnvelope, type AcsMessage, type CwmpVersion } from './index.ts'
import { childOf, parseXml, type XmlElement } from './xml-element.ts'

const fixtures = process.env['SLUICE_FIXTURES']
const schemas = fixtures === undefined ? undefined : join(fixtures, 'xsd')
const absent = schemas === undefined || !existsSync(schemas)

const messages: readonly AcsMessage[] = [
  { kind: 'inform_response' },
  { kind: 'transfer_complete_response' },
  { kind: 'get_rpc_methods_response', methods: ['Inform', 'TransferComplete'] },
  { kind: 'get_parameter_values', names: ['Device.DeviceInfo.SoftwareVersion'] },
  { kind: 'set_parameter_values', parameters: [{ name: 'A.B', value: '1', type: 'boolean' }], parameterKey: 'k' },
  {
    kind: 'download',
    commandKey: 'k',
    fileType: '1 Firmware Upgrade Image',
    url: 'http://a/',
    delaySeconds: 0,
    argumentSet: 'all',
  },
  { kind: 'schedule_inform', delaySeconds: 1, commandKey: 'k' },
  { kind: 'reboot', commandKey: 'k' },
  { kind: 'acs_fault', code: 8005 },
]
const since11: readonly AcsMessage[] = [{ kind: 'get_all_queued_transfers' }]
const since12: readonly AcsMessage[] = [{ kind: 'cancel_transfer', commandKey: 'k' }]

function parse(text: string): XmlElement {
  const parsed = parseXml(text, 64)
  const root = parsed.kind === 'parsed' ? parsed.roots[0] : undefined
  if (root === undefined) throw new Error('not readable')
  return root
}

/** Departures of an element from its schema declaration: names, order and counts. */
function departures(actual: XmlElement, declaration: XmlElement, schema: XmlElement): readonly string[] {
  const declared = sequenceOf(declaration, schema)
  const names = declared.map((child) => child.attributes.get('name') ?? '')
  const order = actual.children.map((child) => names.indexOf(child.name))
  return [
    ...(order.includes(-1) ? [`${actual.name}: an element it does not have`] : []),
    ...(order.some((place, at) => at > 0 && place < (order[at - 1] ?? 0))
      ? [`${actual.name}: elements out of order`]
      : []),
    ...declared.flatMap((child, at) => {
      const found = actual.children.filter((candidate) => candidate.name === names[at])
      const least = Number(child.attributes.get('minOccurs') ?? 1)
      const most = child.attributes.get('maxOccurs') ?? '1'
      const wrong = found.length < least || (most !== 'unbounded' && found.length > Number(most))
      return [
        ...(wrong ? [`${actual.name}: ${found.length} of ${names[at]}`] : []),
        ...found.flatMap((one) => departures(one, child, schema)),
      ]
    }),
  ]
}

function sequenceOf(declaration: XmlElement, schema: XmlElement): readonly XmlElement[] {
  const type = declaration.attributes.get('type')?.replace(/^\w+:/, '')
  const named = schema.children.find((child) => child.name === 'complexType' && child.attributes.get('name') === type)
  const complex = childOf(declaration, 'complexType') ?? named
  const restriction = childOf(childOf(complex, 'complexContent'), 'restriction')
  return childOf(restriction ?? complex, 'sequence')?.children.filter((child) => child.name === 'element') ?? []
}

/** No schema validator is among the dependencies, so structure is compared: names, order, counts. */
describe.skipIf(absent)('what we send fits the schemas (needs SLUICE_FIXTURES with xsd/)', () => {
  const versions: readonly (readonly [CwmpVersion, string, readonly AcsMessage[]])[] = [
    ['1.0', 'cwmp-1-0.xsd', messages],
    ['1.1', 'cwmp-1-1.xsd', [...messages, ...since11]],
    ['1.2', 'cwmp-1-2.xsd', [...messages, ...since11, ...since12]],
  ]

  it.each(versions)('of CWMP %s', (cwmpVersion, file, sent) => {
    const schema = parse(readFileSync(join(schemas ?? '', file), 'utf8'))
    for (const message of sent) {
      const envelope = parse(encodeEnvelope({ id: '1', cwmpVersion, message }))
      const body = childOf(envelope, 'Body')?.children[0]
      const element = message.kind === 'acs_fault' ? childOf(childOf(body, 'detail'), 'Fault') : body
      if (element === undefined) throw new Error(`${message.kind} has no body`)
      const declaration = schema.children.find(
        (child) => child.name === 'element' && child.attributes.get('name') === element.name,
      )
      expect(declaration, `${element.name} in ${file}`).toBeDefined()
      if (declaration !== undefined) expect(departures(element, declaration, schema)).toEqual([])
    }
  })

  it('and the comparison notices elements that are missing, foreign or out of order', () => {
    const schema = parse(readFileSync(join(schemas ?? '', 'cwmp-1-0.xsd'), 'utf8'))
    const declaration = schema.children.find((child) => child.attributes.get('name') === 'ScheduleInform')
    if (declaration === undefined) throw new Error('no ScheduleInform')
    const judge = (inner: string) => departures(parse(`<ScheduleInform>${inner}</ScheduleInform>`), declaration, schema)
    expect(judge('<DelaySeconds>1</DelaySeconds><CommandKey/>')).toEqual([])
    expect(judge('<CommandKey/><DelaySeconds>1</DelaySeconds>')).not.toEqual([])
    expect(judge('<DelaySeconds>1</DelaySeconds>')).not.toEqual([])
    expect(judge('<DelaySeconds>1</DelaySeconds><CommandKey/><More/>')).not.toEqual([])
  })
})
