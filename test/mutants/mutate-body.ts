import { type Dice, oneOf } from './dice.ts'

type Change = (bytes: Buffer, dice: Dice, other: Buffer) => Buffer

/** A line that a log would show as its own, were a device's text written as it came. */
export const FORGED_EVENT = 'forged.by.device'
const FORGED_LINE = `\n{"level":"fatal","service":"cwmp-gateway","event":"${FORGED_EVENT}"}\n`

/** The ways in which a body is changed, by the name they are counted under. */
const bodyChanges = {
  flip: times(3, (bytes, dice) => {
    const at = dice(bytes.length)
    return spliced(bytes, at, 1, Buffer.from([(bytes[at] ?? 0) ^ (1 << dice(8))]))
  }),
  cut: (bytes, dice) => {
    if (dice(2) === 0) return bytes.subarray(0, dice(bytes.length + 1))
    return spliced(bytes, dice(bytes.length), 1 + dice(400), Buffer.alloc(0))
  },
  double: (bytes, dice) => {
    if (dice(40) === 0) return Buffer.concat(Array.from({ length: 2 + dice(60) }, () => bytes))
    const [at, length] = [dice(bytes.length), 1 + dice(600)]
    return spliced(bytes, at, 0, bytes.subarray(at, at + length))
  },
  move: (bytes, dice) => {
    const [at, length] = [dice(bytes.length), 1 + dice(200)]
    const rest = spliced(bytes, at, length, Buffer.alloc(0))
    return spliced(rest, dice(rest.length + 1), 0, bytes.subarray(at, at + length))
  },
  splice: (bytes, dice, other) =>
    dice(2) === 0
      ? Buffer.concat([bytes.subarray(0, dice(bytes.length + 1)), other.subarray(dice(other.length + 1))])
      : spliced(
          bytes,
          dice(bytes.length + 1),
          dice(100),
          other.subarray(dice(other.length + 1)).subarray(0, 1 + dice(800)),
        ),
  number: times(
    3,
    textual(/\d+/g, (dice) => oneOf(dice, NUMBERS)),
  ),
  value: times(
    3,
    textual(/(?<=>)[^<>]*(?=<\/)/g, (dice) => oneOf(dice, VALUES)),
  ),
  identity: textual(/(?<=<(?:OUI|ProductClass|SerialNumber|Manufacturer)[^>]*>)[^<]*/g, (dice) => oneOf(dice, VALUES)),
  name: times(
    2,
    textual(/(?<=<\/?)[\w:-]+/g, (dice) => oneOf(dice, NAMES)),
  ),
  markup: times(4, (bytes, dice) => spliced(bytes, dice(bytes.length + 1), dice(3), Buffer.from(oneOf(dice, MARKUP)))),
  nest: (bytes, dice) => {
    const depth = oneOf(dice, [3, 30, 100, 1_000, 8_000])
    const tags = dice(2) === 0 ? '<a>'.repeat(depth) + '</a>'.repeat(depth) : '<a>'.repeat(depth)
    return afterTag(bytes, dice, tags)
  },
  flood: (bytes, dice) => afterTag(bytes, dice, oneOf(dice, FLOODS)),
  doctype: (bytes, dice) => {
    const doctype = oneOf(dice, DOCTYPES)
    const declared = /^[^<]*<\?xml[^>]*\?>/.exec(bytes.subarray(0, 200).toString('latin1'))?.[0].length ?? 0
    const used = textual(/(?<=>)[^<>]*(?=<\/)/g, () => '&a;')(bytes, dice, bytes)
    return spliced(used, dice(4) === 0 ? dice(used.length + 1) : declared, 0, Buffer.from(doctype))
  },
  entity: times(
    3,
    textual(/(?<=>)[^<>]*(?=<\/)/g, (dice) => oneOf(dice, ENTITIES)),
  ),
  namespace: textual(/urn:dslforum-org:cwmp-\d-\d|http:\/\/schemas[^"]*/g, (dice) => oneOf(dice, NAMESPACES)),
  envelopes: (bytes, dice, other) => Buffer.concat(dice(3) === 0 ? [bytes, other, bytes] : [bytes, other]),
} as const satisfies Record<string, Change>

export type BodyKind = keyof typeof bodyChanges
export const bodyKinds = Object.keys(bodyChanges) as BodyKind[]

/** The change it is counted under; one time in three, another one or two of any kind. */
export function mutateBody(kind: BodyKind, body: Buffer, other: Buffer, dice: Dice): Buffer {
  let bytes: Buffer = bodyChanges[kind](body, dice, other)
  for (let further = dice(3) === 0 ? 1 + dice(2) : 0; further > 0; further -= 1)
    bytes = bodyChanges[oneOf(dice, bodyKinds)](bytes, dice, other)
  return bytes
}

function times(most: number, change: Change): Change {
  return (bytes, dice, other) => {
    let changed = bytes
    for (let count = 1 + dice(most); count > 0; count -= 1) changed = change(changed, dice, other)
    return changed
  }
}

/** One of the places that fit, replaced; all of them one time in eight. */
function textual(places: RegExp, replacement: (dice: Dice) => string): Change {
  return (bytes, dice) => {
    const text = bytes.toString('latin1')
    const found = [...text.matchAll(places)]
    const chosen = dice(8) === 0 ? found : found.slice(dice(Math.max(1, found.length))).slice(0, 1)
    let changed = ''
    let from = 0
    for (const { index, 0: old } of chosen) {
      changed += text.slice(from, index) + Buffer.from(replacement(dice)).toString('latin1')
      from = index + old.length
    }
    return Buffer.from(changed + text.slice(from), 'latin1')
  }
}

function afterTag(bytes: Buffer, dice: Dice, text: string): Buffer {
  const tags = [...bytes.toString('latin1').matchAll(/>/g)]
  const at = tags.length === 0 ? 0 : oneOf(dice, tags).index + 1
  return spliced(bytes, at, 0, Buffer.from(text))
}

function spliced(bytes: Buffer, at: number, without: number, piece: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + without)])
}

const NUMBERS = [
  '', '0', '-0', '-1', '00', '+1', '1.5', '1e309', '0x10', 'NaN', 'Infinity', '2147483648', '4294967296', '9007199254740993',
  '9'.repeat(40), '9'.repeat(4_000), '8005', '9000', '9019', '99999', '٣', '1 2', '2026-13-40T99:99:99Z', '0001-01-01T00:00:00Z',
] as const // prettier-ignore

const VALUES = [
  '', ' ', '\t', '\n', FORGED_LINE, '\r\nSet-Cookie: sluice=x\r\n', '&#10;&#13;', '&#9;x', '../../etc/passwd', '*', '>', 'a.b.c', 'a b',
  '%2e%2e', '%', '%zz', '-', '--', "';drop table devices;--", '${jndi:x}', '{{7*7}}', '__proto__', 'constructor', 'null', 'true',
  '\0', '\x1b[2J', '\x7f', '\u0085', '\u2028', '\u202e', '\ufeff', 'é', '\ud83d\ude00', '\ufffd', '\uffff', 'x'.repeat(64), 'x'.repeat(65),
  'x'.repeat(257), 'x'.repeat(5_000), '😀'.repeat(64), 'ABCDEF', 'abcdef', '00D09', 'ſ', 'K', 'i̇',
  'fw01JD0000000000000000000000', '0 BOOTSTRAP', '7 TRANSFER COMPLETE', 'M Download',
] as const // prettier-ignore

const NAMES = [
  'a', 'cwmp:Inform', 'cwmp:TransferComplete', 'cwmp:GetRPCMethods', 'cwmp:Fault', 'Body', 'Header', 'Envelope', 'cwmp:ID', 'x:y', ':', 'xmlns',
  '__proto__', 'constructor', 'toString', '1a', 'é', 'ParameterList', 'cwmp:Nothing', 'cwmp:RebootResponse', 'soap-env:Fault',
] as const // prettier-ignore

const MARKUP = [
  '<', '>', '&', '"', "'", '/', '=', ' ', '\0', '\x1b', ']]>', '<![CDATA[', '<!--', '-->', '--', '<?pi?>', '<?xml version="1.0"?>', '</', '/>',
  '<a>', '</a>', '<a/>', ' a="1"', " a='1'", ' a', ' xmlns=""', ' xmlns:cwmp="x"', ' xsi:nil="true"', ' soap-env:mustUnderstand="1"',
  '<Envelope>', '</Envelope>', '</soap-env:Body>', '\xef\xbb\xbf', '\xff\xfe', '<cwmp:HoldRequests>1</cwmp:HoldRequests>', FORGED_LINE,
] as const // prettier-ignore

const FLOODS = [
  '<a/>'.repeat(20_000),
  '<a>1</a>'.repeat(3_000),
  `<a ${Array.from({ length: 500 }, (_, at) => `b${at}="1"`).join(' ')}/>`,
  `<a ${'b="1" '.repeat(100)}/>`,
  `<a b="${'x'.repeat(30_000)}"/>`,
  'x'.repeat(100_000),
  'x'.repeat(140_000),
  '&amp;'.repeat(20_000),
  `<!--${'-'.repeat(5_000)}-->`,
  '<EventStruct><EventCode>1 BOOT</EventCode><CommandKey/></EventStruct>'.repeat(200),
  `<${'n'.repeat(20_000)}/>`,
  ' '.repeat(60_000),
] as const

const DOCTYPES = [
  '<!DOCTYPE a>',
  '<!DOCTYPE a [<!ENTITY a "b">]>',
  '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
  '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://192.0.2.1/x.dtd"> %p;]>',
  '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY a "&b;&b;&b;&b;&b;&b;&b;&b;">]>',
  '<!doctype a>',
  '<!ENTITY a "b">',
] as const

const ENTITIES = [
  '&a;', '&', '&;', '&#;', '&#0;', '&#x0;', '&#xD800;', '&#x110000;', '&#99999999999;', '&#10;', '&#x1b;', '&lt;a&gt;', '&amp;amp;', '&amp',
  '&quot;&apos;', '&nbsp;', '&#x41', '&lt;/cwmp:Inform&gt;',
] as const // prettier-ignore

const NAMESPACES = [
  '', 'x', 'urn:dslforum-org:cwmp-1-5', 'urn:dslforum-org:cwmp-9-9', 'urn:dslforum-org:cwmp-1-0 ', 'urn:dslforum-org:cwmp-1',
  'http://schemas.xmlsoap.org/soap/envelope/', 'http://www.w3.org/2003/05/soap-envelope', 'http://schemas.xmlsoap.org/soap/encoding/',
] as const // prettier-ignore
