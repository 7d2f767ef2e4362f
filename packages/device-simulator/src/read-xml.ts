/** An element with its prefix taken off: a CPE that insisted on prefixes would fail with half of the ACS in the field. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  text: string
}

const MAX_DEPTH = 32
const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/\s*([^\s>]+)\s*>|<([^\s/>!?]+)((?:\s+[^\s=>/]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/g
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g

/** The root element, or undefined when the text is not well formed (a document type is refused too). */
export function readXml(source: string): XmlElement | undefined {
  const open: XmlElement[] = []
  let root: XmlElement | undefined
  let position = 0
  for (const token of source.matchAll(TOKEN)) {
    if (token.index !== position) return undefined
    position += token[0].length
    const [, cdata, closing, opening, attributes, selfClosing, text] = token
    const parent = open.at(-1)
    if (closing !== undefined) {
      if (open.pop()?.name !== localName(closing)) return undefined
    } else if (opening !== undefined) {
      if (open.length >= MAX_DEPTH || (!parent && root)) return undefined
      const element = {
        name: localName(opening),
        attributes: readAttributes(attributes ?? ''),
        children: [],
        text: '',
      }
      if (parent) parent.children.push(element)
      else root = element
      if (selfClosing !== '/') open.push(element)
    } else if (cdata !== undefined || text !== undefined) {
      if (parent) parent.text += cdata ?? decodeEntities(text ?? '')
      else if ((cdata ?? text ?? '').replace(/^\uFEFF/, '').trim() !== '') return undefined
    }
  }
  return open.length === 0 && position === source.length ? root : undefined
}

export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name)
}

/** The trimmed text of a child; undefined when the child is absent. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  return childOf(element, name)?.text.trim()
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

function readAttributes(source: string): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const [, name, double, single] of source.matchAll(ATTRIBUTE)) {
    if (name) attributes[localName(name)] = decodeEntities(double ?? single ?? '')
  }
  return attributes
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function decodeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, entity: string) => {
    if (!entity.startsWith('#')) return ENTITIES[entity] ?? whole
    const code = entity[1]?.toLowerCase() === 'x' ? parseInt(entity.slice(2), 16) : Number(entity.slice(1))
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
