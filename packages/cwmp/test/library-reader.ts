import { XMLParser, XMLValidator } from 'fast-xml-parser'

import type { XmlElement } from '../src/xml-element.ts'

export type ParsedXml =
  | { readonly kind: 'parsed'; readonly roots: readonly XmlElement[]; readonly strayText: boolean }
  | { readonly kind: 'failed'; readonly tooDeep: boolean; readonly detail: string }

const WRAPPER = 'post'
const MAX_ATTRIBUTES = 64
const ATTRIBUTES = ':@'
const TEXT = '#text'
const CDATA = '#cdata'

type Node = Readonly<Record<string, unknown>>

/**
 * Reads prepared text. The validator runs first: the parser alone loses data on mismatched tags. Both see the
 * text inside one element of ours, since neither minds consistently when a document has several roots.
 */
export function parseXml(text: string, maxDepth: number): ParsedXml {
  const wrapped = `<${WRAPPER}>${text.replace(/^<\?xml\s[^<>]{0,200}\?>/, '')}</${WRAPPER}>`
  try {
    const valid = XMLValidator.validate(wrapped, { allowBooleanAttributes: false })
    if (valid !== true) return { kind: 'failed', tooDeep: false, detail: `${valid.err.code} at line ${valid.err.line}` }
    const nodes = parserOf(maxDepth + 1).parse(wrapped) as readonly Node[]
    const [post, ...others] = nodes.flatMap((node) => elementOf(node) ?? [])
    if (post === undefined || others.length > 0) throw new Error('the wrapper was closed from inside')
    return { kind: 'parsed', roots: post.children, strayText: post.text !== '' }
  } catch (error) {
    const reason = error instanceof Error ? error.message : ''
    if (/nested tags/i.test(reason)) return { kind: 'failed', tooDeep: true, detail: `deeper than ${maxDepth}` }
    return { kind: 'failed', tooDeep: false, detail: 'not readable as XML' }
  }
}

function parserOf(maxNestedTags: number): XMLParser {
  return new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    cdataPropName: CDATA,
    ignoreDeclaration: true,
    ignorePiTags: true,
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    processEntities: false,
    // Nobody here asks for the path of an element, and writing it out for each costs a fifth of the parser's time.
    jPath: false,
    maxNestedTags,
  })
}

function elementOf(node: Node): XmlElement | null {
  const qualified = Object.keys(node).find((key) => key !== ATTRIBUTES)
  if (qualified === undefined || qualified === TEXT || qualified === CDATA) return null
  const children: XmlElement[] = []
  let text = ''
  for (const inner of node[qualified] as readonly Node[]) {
    const child = elementOf(inner)
    if (child === null) text += ownText(inner)
    else children.push(child)
  }
  const colon = qualified.indexOf(':')
  return {
    name: qualified.slice(colon + 1),
    prefix: colon === -1 ? '' : qualified.slice(0, colon),
    attributes: attributesOf(node[ATTRIBUTES]),
    children,
    text: text.trim(),
    ...(text.trim() !== '' && text.trim() !== text && children.length === 0 ? { spaced: text } : {}),
  }
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map()

function attributesOf(raw: unknown): ReadonlyMap<string, string> {
  if (raw === undefined) return NO_ATTRIBUTES
  const entries = Object.entries(raw as Record<string, string>)
  if (entries.length > MAX_ATTRIBUTES) throw new Error('too many attributes')
  return new Map(entries.map(([name, value]) => [name.slice(1), decodeReferences(value)]))
}

function ownText(node: Node): string {
  if (typeof node[TEXT] === 'string') return decodeReferences(node[TEXT])
  const section = node[CDATA]
  return Array.isArray(section) ? section.map((part: Node) => asText(part[TEXT])).join('') : ''
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decodeReferences(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:(amp|lt|gt|quot|apos)|#x([0-9a-fA-F]{1,6})|#([0-9]{1,7}));/g, (_all, named, hex, decimal) =>
    named === undefined ? characterOf(hex === undefined ? Number(decimal) : parseInt(hex, 16)) : (NAMED[named] ?? ''),
  )
}

/** Nothing for what is no character, and for control characters: a reference is no way around the filter. */
function characterOf(code: number): string {
  const allowed =
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 0x20 && code <= 0x7e) ||
    (code >= 0xa0 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  return allowed ? String.fromCodePoint(code) : ''
}
