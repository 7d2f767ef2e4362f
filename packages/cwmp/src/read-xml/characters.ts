/**
 * What no text of ours holds: what XML 1.0 2.2 forbids, and U+007F to U+009F, which it discourages and terminals obey.
 * Halves of surrogate pairs are not looked for: decoded bytes have none.
 */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]/

export function holdsForbidden(text: string): boolean {
  return FORBIDDEN.test(text)
}

/** Whether a character reference may stand for this code point. */
export function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 9 || code === 10 || code === 13
  return (
    code <= 0x7e ||
    (code >= 0xa0 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  )
}

/** Space, tab, line feed, carriage return: the white space of XML (2.3). */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d
}
