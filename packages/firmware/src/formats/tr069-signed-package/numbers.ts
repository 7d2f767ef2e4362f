import { refuse } from '../refuse.ts'

/** TR-069 E.2.1: numbers are in network byte order. */
export function u32At(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at)
}

export function u32sOf(bytes: Uint8Array, what: string): number[] {
  if (bytes.length % 4 !== 0) refuse('format_malformed', `${what} of ${bytes.length} bytes, which is no row of numbers`)
  return Array.from({ length: bytes.length / 4 }, (_, at) => u32At(bytes, at * 4))
}

const MAX_ELEMENTS = 16

/** TR-069 E.4.10: the elements of a version, from the most major one, as they are written with dots. */
export function readVersionArray(value: Uint8Array): string {
  const elements = u32sOf(value, 'a version')
  if (elements.length === 0) refuse('format_malformed', 'a version without elements')
  if (elements.length > MAX_ELEMENTS) refuse('format_limit_exceeded', `a version of ${elements.length} elements`)
  return elements.join('.')
}
