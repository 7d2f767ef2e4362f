/** An ampersand that starts none of the references XML itself defines. */
const RAW_AMPERSAND = /&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)/g

/** A body of ampersands alone would otherwise be read a second time five times as long. */
const MAX_REPAIRS = 1_000

/** The text with `&` escaped where it starts no reference; null where there are too many. Comments and CDATA stay. */
export function repairAmpersands(text: string): string | null {
  const pieces: string[] = []
  let copied = 0
  let opaque = { from: 0, to: 0 }
  for (const { index } of text.matchAll(RAW_AMPERSAND)) {
    while (opaque.from !== -1 && opaque.to <= index) opaque = nextOpaque(text, opaque.to)
    if (opaque.from !== -1 && opaque.from < index) continue
    if (pieces.length === MAX_REPAIRS) return null
    pieces.push(text.slice(copied, index))
    copied = index + 1
  }
  return [...pieces, text.slice(copied)].join('&amp;')
}

/** The next comment or CDATA section; `from` is -1 behind the last. */
function nextOpaque(text: string, at: number): { readonly from: number; readonly to: number } {
  const from = text.indexOf('<!', at)
  if (from === -1) return { from, to: text.length }
  const mark = text.startsWith('<![CDATA[', from) ? ']]>' : text.startsWith('<!--', from) ? '-->' : null
  if (mark === null) return { from, to: from + 2 }
  const end = text.indexOf(mark, from + 2)
  return { from, to: end === -1 ? text.length : end + mark.length }
}
