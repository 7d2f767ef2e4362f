/** An element with what lies in it. */
export interface Element {
  /** Without its prefix. */
  readonly name: string
  readonly namespace: string
  readonly children: readonly Element[]
  /** References resolved; '' where there are children. */
  readonly text: string
}

class Malformed extends Error {}

const MAX_ELEMENTS = 1_024
const MAX_DEPTH = 4
const MAX_ATTRIBUTES = 8
const NAME = '[A-Za-z_][A-Za-z0-9_.-]{0,63}'
const QNAME = `(?:(${NAME}):)?(${NAME})`
const DECLARATION = /^\ufeff?(?:<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*["']1\.[01]["'][^<>?]{0,64}\?>)?/
const OPEN = new RegExp(
  `<${QNAME}((?:[ \\t\\r\\n]+${NAME}(?::${NAME})?[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:"[^"<]*"|'[^'<]*'))*)[ \\t\\r\\n]*(/?)>`,
  'y',
)
const CLOSE = new RegExp(`</${QNAME}[ \\t\\r\\n]*>`, 'y')
const ATTRIBUTE = new RegExp(`${QNAME}[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:"([^"]*)"|'([^']*)')`, 'g')
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]/
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** A small strict reader: one root, elements, attributes and text. No DOCTYPE, comment, CDATA or instruction; null for all of those. */
export function readXml(text: string): Element | null {
  if (FORBIDDEN.test(text)) return null
  try {
    const reader = { text, at: DECLARATION.exec(text)?.[0].length ?? 0, elements: 0 }
    skipBlank(reader)
    const root = readElement(reader, new Map(), 1)
    skipBlank(reader)
    return reader.at === text.length ? root : null
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
}

interface Reader {
  readonly text: string
  at: number
  elements: number
}

function readElement(reader: Reader, outer: ReadonlyMap<string, string>, depth: number): Element {
  const [, prefix = '', name = '', attributes = '', empty] = take(reader, OPEN)
  if (depth > MAX_DEPTH || ++reader.elements > MAX_ELEMENTS) throw new Malformed()
  const namespaces = declared(attributes, outer)
  const namespace = namespaces.get(prefix)
  if (namespace === undefined && prefix !== '') throw new Malformed()
  const head = { name, namespace: namespace ?? '' }
  if (empty === '/') return { ...head, children: [], text: '' }
  const children: Element[] = []
  let text = ''
  for (;;) {
    const next = reader.text.indexOf('<', reader.at)
    if (next === -1) throw new Malformed()
    text += reader.text.slice(reader.at, next)
    reader.at = next
    if (reader.text[next + 1] === '/') break
    children.push(readElement(reader, namespaces, depth + 1))
  }
  const [, closingPrefix = '', closingName] = take(reader, CLOSE)
  if (closingPrefix !== prefix || closingName !== name) throw new Malformed()
  if (children.length > 0 && /[^ \t\r\n]/.test(text)) throw new Malformed()
  return { ...head, children, text: children.length > 0 ? '' : resolved(text) }
}

/** The namespaces that hold inside an element: those outside and what its own attributes say; '' is the default one. */
function declared(attributes: string, outer: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const seen = new Set<string>()
  const own = new Map<string, string>()
  for (const [, prefix, name = '', double, single] of attributes.matchAll(ATTRIBUTE)) {
    const value = resolved(double ?? single ?? '')
    const full = prefix === undefined ? name : `${prefix}:${name}`
    if (seen.has(full) || seen.size === MAX_ATTRIBUTES) throw new Malformed()
    seen.add(full)
    if (prefix === 'xmlns') own.set(name, value)
    else if (full === 'xmlns') own.set('', value)
  }
  return own.size === 0 ? outer : new Map([...outer, ...own])
}

function resolved(text: string): string {
  return text.replaceAll(
    /&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9A-Fa-f]{1,6}));|&/g,
    (_all, name?: string, decimal?: string, hex?: string) => {
      if (name !== undefined) return ENTITIES[name]!
      const code = decimal === undefined ? Number.parseInt(hex ?? 'x', 16) : Number(decimal)
      if (!(code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) throw new Malformed()
      const char = String.fromCodePoint(code)
      if (FORBIDDEN.test(char)) throw new Malformed()
      return char
    },
  )
}

function take(reader: Reader, pattern: RegExp): RegExpExecArray {
  pattern.lastIndex = reader.at
  const match = pattern.exec(reader.text)
  if (match === null) throw new Malformed()
  reader.at = pattern.lastIndex
  return match
}

function skipBlank(reader: Reader): void {
  while (/[ \t\r\n]/.test(reader.text[reader.at] ?? '')) reader.at += 1
}
