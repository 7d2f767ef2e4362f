import { isCharacter } from './characters.ts'
import { Refusal } from './refusal.ts'

const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])
/** Of what stands between `&` and `;`. */
const LONGEST = '#x10ffff'.length

/**
 * The text with its references resolved: the five names that XML itself defines, and characters by number.
 * `onForbidden` is asked where a number is no character, or one we do not keep; it throws, or the reference is dropped.
 */
export function resolveReferences(text: string, onForbidden: () => void): string {
  let resolved = ''
  let at = 0
  for (let found = text.indexOf('&'); found !== -1; found = text.indexOf('&', at)) {
    const end = text.indexOf(';', found)
    // An ampersand without an end near by is refused at once, so that no text is searched twice.
    const reference = end === -1 || end - found > LONGEST + 1 ? '' : text.slice(found + 1, end)
    resolved += text.slice(at, found) + (NAMED.get(reference) ?? numbered(reference, onForbidden))
    at = end + 1
  }
  return resolved + text.slice(at)
}

function numbered(reference: string, onForbidden: () => void): string {
  const [, hex, decimal] = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(reference) ?? []
  if (hex === undefined && decimal === undefined) {
    throw new Refusal('raw_ampersand', 'an ampersand that starts no reference')
  }
  const code = hex === undefined ? Number(decimal) : parseInt(hex, 16)
  if (isCharacter(code)) return String.fromCodePoint(code)
  onForbidden()
  return ''
}
