import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { decodePost, defaultLimits, type CpeMessage } from './index.ts'
import { cpeMessages } from './testing/arbitrary-cpe-messages.ts'
import { countElements, writeChanged } from './testing/change-document.ts'
import { readDocument } from './testing/read-document.ts'
import { writeCpeEnvelope } from './testing/write-cpe-envelope.ts'
import type { XmlElement } from './xml-element.ts'

/** Any other seed: SLUICE_SEED=7 npx vitest run packages/cwmp */
const seed = Number(process.env['SLUICE_SEED'] ?? 20_261_120)
const runs = { seed, numRuns: 40 }

const kinds = Object.entries(cpeMessages) as [CpeMessage['kind'], fc.Arbitrary<CpeMessage>][]

function read(xml: string) {
  const post = decodePost(Buffer.from(xml), 'text/xml', {
    ...defaultLimits,
    maxBytes: 10_000_000,
    maxMarkup: 1_000_000,
  })
  const codes = post.kind === 'envelopes' ? post.warnings.map(({ code }) => code) : []
  return { post, codes, body: post.kind === 'envelopes' ? post.envelopes[0]?.body : undefined }
}

/** Members of a structure, not items of an array: each name stands once. */
function reordered({ children }: XmlElement): Partial<XmlElement> {
  const names = new Set(children.map(({ name }) => name))
  return names.size === children.length ? { children: children.toReversed() } : {}
}

function without(place: number): (element: XmlElement) => Partial<XmlElement> {
  let at = 0
  return ({ children }) => ({
    children: children.filter(() => {
      at += 1
      return at !== place
    }),
  })
}

/** Every text of a decoded message but the names and values of parameters, which only the size of the body bounds. */
function textsOf(value: unknown, key = ''): readonly string[] {
  if (typeof value === 'string') return ['name', 'value', 'type'].includes(key) ? [] : [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => textsOf(inner, Array.isArray(value) ? key : name))
}

describe(`every message of a CPE (seed ${seed})`, () => {
  it.each(kinds)('%s means the same in any order of its elements', (_kind, messages) => {
    fc.assert(
      fc.property(messages, (message) => {
        const { body, codes } = read(writeChanged(readDocument(writeCpeEnvelope('1', '1.2', message)), reordered))
        expect(body).toEqual(message)
        expect(codes).toEqual([])
      }),
      runs,
    )
  })

  it.each(kinds)('%s is read, or refused by name, whatever one element it lacks', (_kind, messages) => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, chosen) => {
        const document = readDocument(writeCpeEnvelope('1', '1.2', message))
        const { post } = read(writeChanged(document, without(chosen % countElements(document))))
        if (post.kind === 'malformed') expect(['body_count', 'method_count', 'device_id']).toContain(post.code)
        else expect(post.kind).toBe('envelopes')
      }),
      runs,
    )
  })

  it.each(kinds)('%s stays small, whatever stands in its elements', (_kind, messages) => {
    const junk = fc.constantFrom('', '-1', '99999999999', 'true', 'x'.repeat(3000), '2026-99-99T00:00:00Z')
    fc.assert(
      fc.property(messages, junk, (message, text) => {
        const document = readDocument(writeCpeEnvelope('1', '1.2', message))
        const { post, body } = read(
          writeChanged(document, ({ name, children }) => (name === 'ID' || children.length > 0 ? {} : { text })),
        )
        // What cannot be an identity is refused, not cut.
        if (message.kind !== 'inform') expect(post.kind).toBe('envelopes')
        for (const each of textsOf(body)) expect(each.length).toBeLessThanOrEqual(1024)
      }),
      runs,
    )
  })

  it.each(kinds.filter(([kind]) => kind !== 'inform'))('%s may be an empty element', (_kind, messages) => {
    const [message] = fc.sample(messages, { seed, numRuns: 1 })
    if (message === undefined) throw new Error('no sample')
    const document = readDocument(writeCpeEnvelope('1', '1.2', message))
    const emptied = writeChanged(document, ({ name }) => (name === 'Body' ? { children: hollow(document) } : {}))
    expect(read(emptied).body?.kind).toBe(message.kind)
  })
})

function hollow(document: XmlElement): readonly XmlElement[] {
  const [message] = document.children.find(({ name }) => name === 'Body')?.children ?? []
  if (message === undefined) throw new Error('no message')
  return [{ ...message, children: [], text: '' }]
}

describe('arrays', () => {
  const names = (count: number) =>
    read(
      `<Envelope><Body><GetParameterNamesResponse><ParameterList>${'<ParameterInfoStruct><Name>D.</Name><Writable>1</Writable></ParameterInfoStruct>'.repeat(count)}</ParameterList></GetParameterNamesResponse></Body></Envelope>`,
    )

  it('of 20,000 items are read, and what comes after is dropped, with a warning', () => {
    expect(names(20_000)).toMatchObject({ body: { parameters: { length: 20_000 } } })
    expect(names(20_000).codes).not.toContain('list_clipped')
    expect(names(20_001)).toMatchObject({ body: { parameters: { length: 20_000 } } })
    expect(names(20_001).codes).toContain('list_clipped')
  })

  it('of every kind have such a limit', () => {
    const answer = (method: string, list: string, item: string) =>
      read(
        `<Envelope><Body><${method}Response><${list}>${item.repeat(20_001)}</${list}></${method}Response></Body></Envelope>`,
      )
    for (const { body, codes } of [
      answer('GetRPCMethods', 'MethodList', '<string>A</string>'),
      answer('GetParameterValues', 'ParameterList', '<ParameterValueStruct/>'),
      answer('GetQueuedTransfers', 'TransferList', '<QueuedTransferStruct/>'),
      answer('GetAllQueuedTransfers', 'TransferList', '<AllQueuedTransferStruct/>'),
      answer('GetOptions', 'OptionList', '<OptionStruct/>'),
    ]) {
      expect(codes, body?.kind).toContain('list_clipped')
      expect(Object.values(body ?? {}), body?.kind).toContainEqual(expect.objectContaining({ length: 20_000 }))
    }
    const attributes = `<ParameterAttributeStruct><AccessList>${'<string/>'.repeat(65)}</AccessList></ParameterAttributeStruct>`
    const { body } = read(
      `<Envelope><Body><GetParameterAttributesResponse><ParameterList>${attributes}</ParameterList></GetParameterAttributesResponse></Body></Envelope>`,
    )
    expect(body).toMatchObject({ parameters: [{ accessList: { length: 64 } }] })
  })

  it('that have no element of their own around them, too', () => {
    const faults = '<SetParameterValuesFault><ParameterName>A</ParameterName></SetParameterValuesFault>'.repeat(20_001)
    const { body, codes } = read(
      `<Envelope><Body><Fault><detail><Fault><FaultCode>9003</FaultCode>${faults}</Fault></detail></Fault></Body></Envelope>`,
    )
    expect(body).toMatchObject({ code: 9003, parameterFaults: { length: 20_000 } })
    expect(codes).toContain('list_clipped')
  })

  it('that the schema keeps short are cut where it says', () => {
    const args = '<ArgStruct><Name>Version</Name><Value>1</Value></ArgStruct>'.repeat(17)
    const request = read(
      `<Envelope><Body><RequestDownload><FileType>2 Web Content</FileType><FileTypeArg>${args}</FileTypeArg></RequestDownload></Body></Envelope>`,
    )
    expect(request).toMatchObject({ body: { fileTypeArgs: { length: 16 } } })
    expect(request.codes).toContain('list_clipped')
    const results = '<Results><UUID/></Results>'.repeat(300)
    const complete = read(`<Envelope><Body><DUStateChangeComplete>${results}</DUStateChangeComplete></Body></Envelope>`)
    expect(complete).toMatchObject({ body: { results: { length: 256 } } })
    expect(complete.codes).toContain('list_clipped')
    const refs = `<Results><ExecutionUnitRefList>${'a.,'.repeat(300)}</ExecutionUnitRefList></Results>`
    const units = read(`<Envelope><Body><DUStateChangeComplete>${refs}</DUStateChangeComplete></Body></Envelope>`)
    expect(units).toMatchObject({ body: { results: [{ executionUnitRefs: { length: 64 } }] } })
  })

  it('that are missing altogether are empty, with a warning', () => {
    for (const method of ['GetParameterNames', 'GetParameterAttributes', 'GetRPCMethods', 'GetOptions']) {
      const { codes, body } = read(`<Envelope><Body><${method}Response/></Body></Envelope>`)
      expect(codes, method).toContain('list_missing')
      expect(Object.values(body ?? {}), method).toContainEqual([])
    }
  })
})

describe('an AddObjectResponse', () => {
  it('without a usable instance number has none, with a warning', () => {
    for (const number of [
      '',
      '<InstanceNumber/>',
      '<InstanceNumber>0</InstanceNumber>',
      '<InstanceNumber>x</InstanceNumber>',
    ]) {
      const { body, codes } = read(
        `<Envelope><Body><AddObjectResponse>${number}<Status>0</Status></AddObjectResponse></Body></Envelope>`,
      )
      expect(body).toEqual({ kind: 'add_object_response', instanceNumber: null, status: 0 })
      expect(codes).toContain('instance_number_missing')
    }
  })
})
