/** One element of DER (X.690): its identifier octet, and where it and its content lie in the bytes it was read from. */
export interface Der {
  readonly tag: number
  /** The bytes it was read from. */
  readonly within: Uint8Array
  readonly start: number
  readonly contentStart: number
  readonly end: number
}

/** Identifier octets this package meets (X.690 8.1.2). Context tags say whether what they hold is made of parts. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context: (number: number) => 0x80 | number,
  contextParts: (number: number) => 0xa0 | number,
} as const

/** Bytes that are not the DER they should be. Thrown and caught within this folder. */
export class NotDer extends Error {}

/** What one element may hold at most: nobody lists more, and a reader of hostile bytes stops somewhere. */
const MAX_PARTS = 256

const LONG_FORM = 0x80

/** The one element these bytes are: nothing before it, nothing behind it. */
export function readDer(bytes: Uint8Array): Der {
  const element = elementAt(bytes, 0, bytes.length)
  if (element.end !== bytes.length) throw new NotDer(`${bytes.length - element.end} bytes behind the element`)
  return element
}

/**
 * The parts of a sequence, set or constructed context tag. Nothing is read in advance or in depth: how deep a reader
 * goes is how deep it asks, so that no nesting of the bytes costs anything.
 */
export function partsOf(parent: Der, tag: number): Der[] {
  if (parent.tag !== tag) throw new NotDer(`tag ${hex(parent.tag)} where ${hex(tag)} is due, at ${parent.start}`)
  const parts: Der[] = []
  for (let at = parent.contentStart; at < parent.end;) {
    if (parts.length === MAX_PARTS) throw new NotDer(`more than ${MAX_PARTS} parts at ${parent.start}`)
    const part = elementAt(parent.within, at, parent.end)
    parts.push(part)
    at = part.end
  }
  return parts
}

/** The content of a primitive element. */
export function contentOf(element: Der | undefined, tag: number): Uint8Array {
  if (element?.tag !== tag) throw new NotDer(`${element === undefined ? 'nothing' : hex(element.tag)}, not ${hex(tag)}`)
  return element.within.subarray(element.contentStart, element.end)
}

/** The element with its identifier and length. */
export function bytesOf({ within, start, end }: Der): Uint8Array {
  return within.subarray(start, end)
}

/** An object identifier, as the hexadecimal digits of its content: names are compared, never printed. */
export function oidOf(element: Der | undefined): string {
  return hexOf(contentOf(element, TAG.oid))
}

/** A small number that is not negative, in as few bytes as it needs (X.690 8.3.2). */
export function smallIntegerOf(element: Der | undefined): number {
  const content = contentOf(element, TAG.integer)
  const [first, second] = content
  if (first === undefined || first >= 0x80 || (first === 0 && second !== undefined && second < 0x80))
    throw new NotDer('a number that is negative, empty or padded')
  if (content.length > 5) throw new NotDer('a number of more than 32 bits')
  return content.reduce((number, byte) => number * 256 + byte, 0)
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

function elementAt(within: Uint8Array, start: number, limit: number): Der {
  const tag = within[start]
  const first = within[start + 1]
  if (tag === undefined || first === undefined || start + 2 > limit) throw new NotDer(`cut off at ${start}`)
  // Tag numbers above 30 take several octets (X.690 8.1.2.4): none of those is of interest.
  if ((tag & 0x1f) === 0x1f) throw new NotDer(`a long tag at ${start}`)
  const { length, octets } = first < LONG_FORM ? { length: first, octets: 1 } : longLength(within, start + 1, limit)
  const contentStart = start + 1 + octets
  if (contentStart + length > limit) throw new NotDer(`cut off at ${start}`)
  return { tag, within, start, contentStart, end: contentStart + length }
}

/** A length in the long form, which DER allows only where the short one is too short, and without padding (10.1). */
function longLength(within: Uint8Array, at: number, limit: number): { length: number; octets: number } {
  const count = within[at]! & 0x7f
  if (count === 0) throw new NotDer(`an indefinite length at ${at}`)
  if (count > 4 || at + 1 + count > limit) throw new NotDer(`a length of ${count} octets at ${at}`)
  const length = within.subarray(at + 1, at + 1 + count).reduce((number, byte) => number * 256 + byte, 0)
  const shortest = length < LONG_FORM ? 0 : Math.ceil((32 - Math.clz32(length)) / 8)
  if (count !== shortest) throw new NotDer(`a padded length at ${at}`)
  return { length, octets: 1 + count }
}

function hex(octet: number): string {
  return `0x${octet.toString(16).padStart(2, '0')}`
}
