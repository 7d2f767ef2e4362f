import type { ImageSource, Span } from '../format.ts'
import { refuse } from '../refuse.ts'

const MOST_BYTES = 64 * 1024

/** Reads the names of all properties at once. Returns the name that begins at an offset, and where it lies. */
export async function readStrings(
  source: ImageSource,
  strings: Span,
): Promise<(offset: number) => { readonly name: string; readonly nameSpan: Span }> {
  const length = strings.end - strings.start
  if (length > MOST_BYTES) refuse('format_limit_exceeded', `${length} bytes of names; at most ${MOST_BYTES}`)
  const bytes = Buffer.from(await source.read(strings))
  // So that neither a name without end nor another length of the block goes unnoticed.
  if (length > 0 && (bytes[length - 1] !== 0 || bytes[length - 2] === 0))
    refuse('format_malformed', 'the names do not end with one that ends')
  return (offset) => {
    const end = bytes.indexOf(0, offset)
    const name = bytes.toString('latin1', offset, end)
    if (offset >= length || !/^[\w,.+?#-]{1,64}$/.test(name))
      refuse('format_malformed', `no name of a property at ${offset}`)
    return { name, nameSpan: { start: strings.start + offset, end: strings.start + end + 1 } }
  }
}
