/** Text that is already XML. Made here alone, so nothing reaches an envelope unescaped. */
export interface Xml {
  readonly xml: string
}

/** Control characters but tab and line ends, halves of surrogate pairs, and non-characters (XML 1.0 2.2). */
const NOT_XML = /[[\p{Cc}\p{Cs}\ufffe\uffff]--[\t\n\r]]/gv

/** The text without what XML cannot carry or should not (U+007F to U+009F). */
export function withoutForbidden(text: string): string {
  return text.replace(NOT_XML, '')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // A parser turns a raw one into a line feed (XML 1.0 section 2.11).
  '\r': '&#13;',
}

/** Nearly everything we write. */
const PLAIN = /^[\w .:/-]*$/

/** Escaped text; characters XML cannot carry are dropped. */
export function escapeXml(text: string): string {
  if (PLAIN.test(text)) return text
  return withoutForbidden(text).replace(/[&<>"'\r]/g, (char) => ESCAPES[char] ?? '')
}

export function element(
  name: string,
  content: string | number | readonly Xml[] = '',
  attributes: Readonly<Record<string, string>> = {},
): Xml {
  let head = name
  for (const key in attributes) head += ` ${key}="${escapeXml(attributes[key] ?? '')}"`
  let inner = ''
  if (typeof content === 'object') for (const { xml } of content) inner += xml
  else inner = escapeXml(`${content}`)
  return { xml: `<${head}>${inner}</${name}>` }
}
