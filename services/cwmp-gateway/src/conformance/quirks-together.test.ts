import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Field, openField } from './field.ts'
import { chunkedPost, rawPost } from './raw-line.ts'

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

/** What one device does to its text; none of it changes what the Inform says. */
const TEXTS: Readonly<Record<string, (text: string) => string>> = {
  prefix: (text) => text.replaceAll('soap-env', 'SOAP-ENV').replaceAll('cwmp:', 'cwmp1:'),
  spread: (text) => text.replaceAll(/<(OUI|SerialNumber|EventCode|Name)>([^<]*)</g, '<$1>\r\n  $2\t<'),
  lines: (text) => text.replaceAll('><', '>\r\n<'),
  comments: (text) => text.replaceAll('<DeviceId>', "<!-- it's -> me --><DeviceId><!---->"),
  cdata: (text) => text.replaceAll(/<(EventCode|Manufacturer)>([^<]*)</g, '<$1><![CDATA[$2]]><'),
  uncounted: (text) => text.replaceAll(/ soap-env:arrayType="[^"]*"| soap-enc:arrayType="[^"]*"/g, ''),
  miscounted: (text) => text.replaceAll(/\[\d+\]"/g, '[99]"'),
  headless: (text) => text.replace(/<[\w-]+:Header>.*<\/[\w-]+:Header>/s, ''),
  untyped: (text) => text.replaceAll(/ xsi:type="[^"]*"/g, ''),
  timeless: (text) => text.replace(/<CurrentTime>[^<]*</, '<CurrentTime><'),
  twice: (text) =>
    text.replace(
      '</ParameterList>',
      '<ParameterValueStruct><Name>Device.DeviceInfo.SoftwareVersion</Name><Value>other</Value></ParameterValueStruct></ParameterList>',
    ),
  references: (text) => text.replaceAll('HomeBox', '&#72;ome&#x42;ox'),
}
const CHARSETS: Readonly<Record<string, readonly [string | null, (text: string) => Buffer]>> = {
  unsaid: [null, (text) => Buffer.from(text)],
  utf8: ['text/xml; charset="utf-8"', (text) => Buffer.from(text)],
  marked: ['application/soap+xml', (text) => Buffer.from(`\ufeff${text}`)],
  declared: ['text/xml', (text) => Buffer.from(`<?xml version='1.0' encoding='ISO-8859-1' ?>\n${text}`, 'latin1')],
  latin1: ['text/html; charset=ISO-8859-1', (text) => Buffer.from(text, 'latin1')],
  utf16: ['text/xml', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
}
const CODINGS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  identity: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
}
const oneOf = <K extends string>(table: Readonly<Record<K, unknown>>) => fc.constantFrom(...(Object.keys(table) as K[]))

test('whatever departures one device has together, its Inform is read as what it says', async () => {
  const texts = fc.uniqueArray(oneOf(TEXTS), { maxLength: 6 })
  const chunks = fc.option(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 5 }))
  await fc.assert(
    fc.asyncProperty(texts, oneOf(CHARSETS), oneOf(CODINGS), chunks, async (changes, charset, coding, sizes) => {
      const cpe = field.cpe()
      const plain = cpe.written({
        manufacturer: 'Société',
        events: [
          ['1 BOOT', ''],
          ['M Download', 'k'],
        ],
      })
      const text = changes.reduce((written, change) => TEXTS[change]!(written), plain)
      const [contentType, encode] = CHARSETS[charset]!
      const bytes = CODINGS[coding]!(encode(text))
      const headers = [
        ...(contentType === null ? [] : [`Content-Type: ${contentType}`]),
        ...(coding === 'identity' ? [] : [`Content-Encoding: ${coding}`]),
      ]
      const line = await field.line()
      const heard = await line.ask(sizes === null ? rawPost(bytes, ...headers) : chunkedPost(bytes, sizes, ...headers))
      expect([heard.status, heard.body.includes('InformResponse')]).toEqual([200, true])
      const cookie = `Cookie: ${heard.headers.get('set-cookie')?.split(';')[0]}`
      expect((await line.ask(rawPost('', cookie))).status).toBe(204)
      line.drop()
      expect(await cpe.informs()).toMatchObject([
        {
          manufacturer: 'Société',
          productClass: 'HomeBox',
          serialNumber: cpe.serial,
          softwareVersion: '1.0',
          events: [{ code: '1 BOOT' }, { code: 'M Download', commandKey: 'k' }],
        },
      ])
    }),
    { numRuns: 60 },
  )
})
