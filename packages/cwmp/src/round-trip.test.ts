import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { decodePost, encodeEnvelope, type Inform } from './index.ts'
import { readXml } from './read-xml/read-xml.ts'
import { childOf, textOf, type XmlElement } from './xml-element.ts'
import { escapeXml, withoutForbidden } from './xml-writer.ts'

const text = (maxLength: number) =>
  fc
    .oneof(
      fc.string({ maxLength, unit: 'grapheme' }),
      fc.string({ maxLength }),
      fc.constantFrom('&amp;', ']]>', '<!--', '<!DOCTYPE', '"\''),
    )
    .map((value) => withoutForbidden(value).replace(/\r/g, '').slice(0, maxLength).trim())
    .filter((value) => value.isWellFormed())
const identity = text(64).map((value) => value.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ''))

const informs: fc.Arbitrary<Inform> = fc.record({
  kind: fc.constant('inform' as const),
  deviceId: fc.record({
    manufacturer: identity.map((value) => value.trim()),
    oui: fc.stringMatching(/^[0-9A-F]{6}$/),
    productClass: identity.map((value) => value.trim()),
    serialNumber: identity.map((value) => `S${value}`.slice(0, 64).trim()),
  }),
  events: fc.array(
    fc.record({
      code: fc.constantFrom('0 BOOTSTRAP', '1 BOOT', '7 TRANSFER COMPLETE', 'M Download'),
      commandKey: text(32),
    }),
    {
      minLength: 1,
      maxLength: 8,
    },
  ),
  maxEnvelopes: fc.nat(),
  currentTime: fc
    .date({ min: new Date('1970-01-01T00:00:00Z'), max: new Date('2099-01-01T00:00:00Z'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  retryCount: fc.nat(),
  parameters: fc.array(
    fc.record({ name: text(64), value: text(200), type: fc.constantFrom('string', 'unsignedInt', null) }),
    { maxLength: 8 },
  ),
})

/** How differently CPE write the same thing. */
const hands = fc.record({
  soap: fc.constantFrom('soap', 'SOAP-ENV', 's'),
  cwmp: fc.constantFrom('cwmp', 'cwmp1', 'x'),
  cdata: fc.boolean(),
  blank: fc.constantFrom('', '\n', '  ', "\n\t<!-- it's a <comment> & more -->"),
})

function write(inform: Inform, hand: { soap: string; cwmp: string; cdata: boolean; blank: string }): string {
  const words = (value: string) => (hand.cdata && !value.includes(']]>') ? `<![CDATA[${value}]]>` : escapeXml(value))
  const el = (name: string, inner: string, attributes = '') =>
    `${hand.blank}<${name}${attributes}>${inner}</${name}>${hand.blank}`
  const { deviceId } = inform
  const events = inform.events.map((event) =>
    el('EventStruct', el('EventCode', words(event.code)) + el('CommandKey', words(event.commandKey))),
  )
  const parameters = inform.parameters.map(({ name, value, type }) =>
    el(
      'ParameterValueStruct',
      el('Name', words(name)) + el('Value', words(value), type === null ? '' : ` xsi:type="xsd:${type}"`),
    ),
  )
  const body = [
    el(
      'DeviceId',
      el('Manufacturer', words(deviceId.manufacturer)) +
        el('OUI', words(deviceId.oui)) +
        el('ProductClass', words(deviceId.productClass)) +
        el('SerialNumber', words(deviceId.serialNumber)),
    ),
    el('Event', events.join('')),
    el('MaxEnvelopes', String(inform.maxEnvelopes)),
    el('CurrentTime', inform.currentTime ?? ''),
    el('RetryCount', String(inform.retryCount)),
    el('ParameterList', parameters.join('')),
  ].join('')
  const inner = el(`${hand.soap}:Body`, el(`${hand.cwmp}:Inform`, body))
  return `<${hand.soap}:Envelope xmlns:${hand.soap}="http://schemas.xmlsoap.org/soap/envelope/" xmlns:${hand.cwmp}="urn:dslforum-org:cwmp-1-0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">${inner}</${hand.soap}:Envelope>`
}

describe('what is written is what is read', () => {
  it('for every Inform, in every hand', () => {
    fc.assert(
      fc.property(informs, hands, (inform, hand) => {
        const result = decodePost(Buffer.from(write(inform, hand), 'utf8'), 'text/xml; charset=utf-8')
        expect(result).toMatchObject({ kind: 'envelopes', envelopes: [{ body: inform }] })
      }),
    )
  })

  it('for every argument of Download and every ID', () => {
    const argument = text(256)
    fc.assert(
      fc.property(text(32), argument, argument, fc.nat(), text(200), (commandKey, url, password, fileSize, id) => {
        const xml = encodeEnvelope({
          id,
          cwmpVersion: '1.0',
          message: {
            kind: 'download',
            commandKey,
            fileType: 'f',
            url,
            password,
            fileSize,
            delaySeconds: 0,
            argumentSet: 'all',
          },
        })
        const root = rootOf(xml)
        const download = childOf(childOf(root, 'Body'), 'Download')
        expect(textOf(download, 'CommandKey')).toBe(commandKey)
        expect(textOf(download, 'URL')).toBe(url)
        expect(textOf(download, 'Password')).toBe(password)
        expect(textOf(download, 'FileSize')).toBe(String(fileSize))
        expect(textOf(childOf(root, 'Header'), 'ID')).toBe(id)
      }),
    )
  })
})

describe('whatever bytes arrive', () => {
  const known = write(fc.sample(informs, { numRuns: 1, seed: 7 })[0] as Inform, {
    soap: 'soap',
    cwmp: 'cwmp',
    cdata: false,
    blank: '\n',
  })

  it('the answer is a value, never an exception', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.option(fc.string(), { nil: undefined }),
        (bytes, contentType) => {
          expect(['empty', 'envelopes', 'malformed']).toContain(decodePost(bytes, contentType).kind)
        },
      ),
    )
  })

  it('also where a real message was damaged', () => {
    const bytes = Buffer.from(known, 'utf8')
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(damage, fc.nat(bytes.length), (places, end) => {
        const copy = Buffer.from(bytes)
        for (const [at, value] of places) copy[at] = value
        expect(['envelopes', 'malformed']).toContain(decodePost(copy, undefined).kind)
        if (end < bytes.length) expect(decodePost(bytes.subarray(0, end), undefined).kind).not.toBe('envelopes')
      }),
    )
  })
})

function rootOf(xml: string): XmlElement {
  const read = readXml(xml, { maxDepth: 32, maxMarkup: 20_000, dropForbidden: false })
  if (read.kind !== 'read' || read.roots[0] === undefined) throw new Error('not readable')
  return read.roots[0]
}
