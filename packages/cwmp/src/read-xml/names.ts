import { malformed } from './refusal.ts'

const START = 2
const LATER = 1

/** For ASCII: whether a character may start a name, or stand later in it (XML 1.0 2.3). */
const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (/[:A-Z_a-z]/.test(char)) return START
  return /[-.0-9]/.test(char) ? LATER : 0
})

const NAME_START =
  ':A-Z_a-z\\u{c0}-\\u{d6}\\u{d8}-\\u{f6}\\u{f8}-\\u{2ff}\\u{370}-\\u{37d}\\u{37f}-\\u{1fff}\\u{200c}-\\u{200d}' +
  '\\u{2070}-\\u{218f}\\u{2c00}-\\u{2fef}\\u{3001}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{fffd}\\u{10000}-\\u{effff}'
const NAME = new RegExp(`^[${NAME_START}][${NAME_START}\\-.0-9\\u{b7}\\u{300}-\\u{36f}\\u{203f}-\\u{2040}]*$`, 'u')

/** The place behind the name that stands at `from`. */
export function nameEnd(text: string, from: number): number {
  let at = from
  let isAscii = true
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code > 127) isAscii = false
    else if (KINDS[code] === 0) break
  }
  const first = text.charCodeAt(from)
  if (at === from || (first < 128 && KINDS[first] !== START)) throw malformed('a name was due')
  if (!isAscii && !NAME.test(text.slice(from, at))) throw malformed('a name of other characters')
  return at
}
