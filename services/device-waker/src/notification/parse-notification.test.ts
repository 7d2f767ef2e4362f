import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { notificationBody, signedDatagram } from '../testing/signed-notification.ts'
import { parseNotification } from './parse-notification.ts'
import { readXml } from './read-xml.ts'

const device = { oui: '00D09E', productClass: '', serialNumber: '134SS03013' }
const draft = { ts: 1_120_673_700, device, password: 'p' }
const body = notificationBody(draft)

test('the example of TR-069 M.2.6 is read', () => {
  const parsed = parseNotification(signedDatagram(body, 'p'))
  expect(parsed).toMatchObject({
    kind: 'parsed',
    signed: {
      signature: expect.stringMatching(/^[0-9a-f]{40}$/),
      notification: {
        timestamp: 1_120_673_700,
        username: 'ACS57689',
        device,
        parameters: [{ name: 'Device.ManagementServer.PeriodicInformEnable', value: 'false' }],
      },
    },
  })
})

test('names, values and identities are read as they were written', () => {
  const plain = fc.string({
    unit: fc.constantFrom('a', 'Z', '&', '<', '>', '"', "'", 'é', '😀', '.', '9', ']'),
    minLength: 1,
    maxLength: 40,
  })
  const parameters = fc.array(fc.record({ name: plain, value: plain }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(parameters, plain, plain, (some, un, serialNumber) => {
      const one = notificationBody({ ...draft, un, device: { ...device, serialNumber }, parameters: some })
      const parsed = parseNotification(signedDatagram(one, 'p'))
      expect(parsed).toMatchObject({
        kind: 'parsed',
        signed: { notification: { username: un, device: { serialNumber }, parameters: some } },
      })
    }),
  )
})

describe('a datagram is dropped:', () => {
  const changed = (from: string | RegExp, to: string) => signedDatagram(body.replace(from, to), 'p')
  const raw = (from: string | RegExp, to: string) => Buffer.from(signedDatagram(body, 'p').toString().replace(from, to))
  test.each([
    ['empty', Buffer.alloc(0)],
    ['too large', Buffer.concat([signedDatagram(body, 'p'), Buffer.alloc(17_000, ' ')])],
    ['another method', raw('POST / ', 'GET / ')],
    ['another path', raw('POST / ', 'POST /x ')],
    ['HTTP/1.0', raw('HTTP/1.1', 'HTTP/1.0')],
    ['bare LF', Buffer.from(signedDatagram(body, 'p').toString().replaceAll('\r\n', '\n'))],
    ['a header that must not be there (M.2.3)', signedDatagram(body, 'p', { 'User-Agent': 'x' })],
    ['a header twice', raw('Host: ', 'Host: a\r\nHost: ')],
    ['no signature', raw(/Signature: .*\r\n/, '')],
    ['a signature of other characters', signedDatagram(body, 'p', { Signature: 'z'.repeat(40) })],
    ['a signature that is too short', signedDatagram(body, 'p', { Signature: 'ab' })],
    ['a length that does not fit', signedDatagram(body, 'p', { 'Content-Length': '10' })],
    ['another content type', signedDatagram(body, 'p', { 'Content-Type': 'application/json' })],
    ['another charset', signedDatagram(body, 'p', { 'Content-Type': 'text/xml; charset=utf-16' })],
    ['bad input 1 to 3: a DOCTYPE', changed('<Notification', '<!DOCTYPE a [<!ENTITY b "c">]><Notification')],
    ['bad input 2: an entity of its own', changed('ACS57689', '&b;')],
    ['bad input 4: mismatched tags', changed('</TS>', '</TX>')],
    ['bad input 5: two roots', changed(/$/, '<a/>')],
    ['bad input 6: too deep', changed('<TS>', '<TS><a><b><c/></b></a>')],
    [
      'bad input 7: too many attributes',
      changed('<TS>', `<TS ${Array.from({ length: 9 }, (_, index) => `a${index}="1"`).join(' ')}>`),
    ],
    ['an attribute twice', changed('<TS>', '<TS a="1" a="2">')],
    ['bad input 9: UTF-16', signedDatagram(Buffer.from(body, 'utf16le').toString('latin1'), 'p')],
    ['bad input 10: a control character', changed('ACS57689', 'ACS\x01')],
    ['bad input 10: a reference to NUL', changed('ACS57689', '&#0;')],
    ['bad input 11: CDATA', changed('ACS57689', '<![CDATA[x]]>')],
    ['a comment', changed('<TS>', '<!-- x --><TS>')],
    ['bad input 13: another namespace', changed('lnnotif-1-0', 'other-1-0')],
    ['an undeclared prefix', changed(/TS>/g, 'x:TS>')],
    ['arguments in another order', changed(/(<TS>.*<\/TS>)\s*(<UN>.*<\/UN>)/, '$2$1')],
    ['a second user name', changed('<CN>', '<UN>other</UN><CN>')],
    ['no parameter (M.2.4)', changed(/<Param>[\s\S]*<\/Param>/, '')],
    ['a parameter without a value', changed(/<Value.*<\/Value>/, '')],
    ['a name of 257 characters', changed('Device.ManagementServer', 'D'.repeat(257))],
    ['a value of 257 characters', changed('>false<', `>${'v'.repeat(257)}<`)],
    ['a negative timestamp', changed('1120673700', '-1')],
    ['a timestamp beyond reason', changed('1120673700', '9'.repeat(13))],
    ['an OUI in lower case', changed('00D09E', '00d09e')],
    ['bad input 18: no serial number', changed('134SS03013', '')],
    ['bad input 18: a serial number of 65 characters', changed('134SS03013', '1'.repeat(65))],
  ])('%s', (_name, datagram) => expect(parseNotification(datagram).kind).toBe('malformed'))
})

test('mutants are read or dropped, and never thrown at', () => {
  const whole = signedDatagram(body, 'p')
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }),
      fc.nat({ max: whole.length }),
      (changes, cut) => {
        const mutant = Buffer.from(whole)
        for (const [at, value] of changes) mutant[at] = value
        expect(['parsed', 'malformed']).toContain(parseNotification(mutant).kind)
        expect(parseNotification(whole.subarray(0, Math.min(cut, whole.length - 1))).kind).toBe('malformed')
      },
    ),
    { numRuns: 3_000 },
  )
})

test('hostile XML is refused before the test times out', () => {
  const hostile = [
    '<a '.repeat(4_000),
    `<a${' x="1"'.repeat(3_000)}`,
    '<a>'.repeat(4_000),
    `<a>${'&amp;'.repeat(3_000)}`,
    `<a>${'&'.repeat(15_000)}</a>`,
    `<a>${'<b/>'.repeat(4_000)}</a>`,
  ]
  for (const text of hostile) readXml(text)
  expect(readXml('<a><b><c><d/></c></b></a>')).not.toBeNull()
  expect(readXml('<a><b><c><d><e/></d></c></b></a>')).toBeNull()
  expect(readXml(`<a>${'<b/>'.repeat(1_023)}</a>`)?.children).toHaveLength(1_023)
  expect(readXml(`<a>${'<b/>'.repeat(1_024)}</a>`)).toBeNull()
})
