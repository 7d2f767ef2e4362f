export type AskedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly first: number; readonly last: number }
  | { readonly kind: 'unsatisfiable' }

/**
 * What a Range header asks of a representation of `size` bytes (RFC 9110 14.1.2 and 14.2). One byte range is served;
 * several at once, another unit, or what cannot be read is answered with the whole, as the RFC allows.
 */
export function parseRange(header: string | undefined, size: number): AskedRange {
  const only = onlyRangeIn(header ?? '')
  // Positions of any length: what is beyond exact numbers is beyond every image.
  const match = /^(\d*)-(\d*)$/.exec(only)
  if (match === null) return { kind: 'whole' }
  const [, from = '', to = ''] = match
  if (from === '') return to === '' ? { kind: 'whole' } : suffix(Number(to), size)
  const first = Number(from)
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (to !== '' && Number(to) < first) return { kind: 'whole' }
  return first < size ? { kind: 'part', first, last } : { kind: 'unsatisfiable' }
}

/** The text of the one range of bytes that is asked for; empty elements of the list do not count (RFC 9110 5.6.1.2). */
function onlyRangeIn(header: string): string {
  const [, list = ''] = /^bytes=(.*)$/i.exec(header) ?? []
  const ranges = list
    .split(',')
    .map((range) => range.trim())
    .filter((range) => range !== '')
  return ranges.length === 1 ? ranges[0]! : ''
}

/** The last `length` bytes; all of them when there are fewer (RFC 9110 14.1.2). */
function suffix(length: number, size: number): AskedRange {
  if (length === 0 || size === 0) return { kind: 'unsatisfiable' }
  return { kind: 'part', first: Math.max(0, size - length), last: size - 1 }
}
