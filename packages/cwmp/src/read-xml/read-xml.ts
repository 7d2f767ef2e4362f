import type { XmlElement } from '../xml-element.ts'
import { holdsForbidden, isBlank } from './characters.ts'
import { nameEnd } from './names.ts'
import { malformed, Refusal, type RefusalCode } from './refusal.ts'
import { resolveReferences } from './references.ts'

export interface ReadLimits {
  readonly maxDepth: number
  /** Pieces of markup: everything that starts with `<`. */
  readonly maxMarkup: number
  /** References to characters we do not keep are dropped rather than refused. */
  readonly dropForbidden: boolean
}

export type ReadXml =
  | {
      readonly kind: 'read'
      readonly roots: readonly XmlElement[]
      /** An element sets `mustUnderstand` twice. */
      readonly repeated: boolean
    }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly detail: string }

/** An element while it is open: what XmlElement promises readers not to change is changed here alone. */
interface Draft extends XmlElement {
  children: Draft[]
  text: string
  spaced?: string
}

const MAX_ATTRIBUTES = 64
const MAX_DECLARATION = 200
const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map()
const NO_CHILDREN: Draft[] = []

const BANG = 0x21
const QUOTE = 0x22
const APOSTROPHE = 0x27
const SLASH = 0x2f
const LESS = 0x3c
const EQUALS = 0x3d
const GREATER = 0x3e
const QUESTION = 0x3f

/**
 * XML 1.0 in one pass from the first character to the last, building elements as they end: names, nesting, attributes,
 * references, comments, CDATA and processing instructions are checked as the specification has them. Refused besides:
 * document types (SOAP 1.1 section 3), every entity but the five of XML, and what passes a limit. Several roots are read.
 */
export function readXml(raw: string, limits: ReadLimits): ReadXml {
  try {
    if (holdsForbidden(raw)) throw new Refusal('control_characters', 'characters that XML does not allow')
    // Line ends are one character (XML 1.0 2.11).
    return readDocument(raw.includes('\r') ? raw.replace(/\r\n?/g, '\n') : raw, limits)
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', code: error.code, detail: error.message }
    throw error
  }
}

function readDocument(text: string, { maxDepth, maxMarkup, dropForbidden }: ReadLimits): ReadXml {
  const roots: Draft[] = []
  const open: Draft[] = []
  const openNames: string[] = []
  const hasReferences = text.includes('&')
  const hasSectionEnds = text.includes(']]>')
  let current: Draft | undefined
  let lastAlone = NO_ATTRIBUTES
  let at = 0
  let markup = 0
  let repeated = false

  for (;;) {
    const found = text.indexOf('<', at)
    const end = found === -1 ? text.length : found
    if (end > at) addText(text.slice(at, end))
    if (found === -1) break
    markup += 1
    if (markup > maxMarkup) throw new Refusal('too_many_elements', `more than ${maxMarkup} pieces of markup`)
    at = found + 1
    const next = text.charCodeAt(at)
    if (next === SLASH) closeElement()
    else if (next === BANG) passDeclaration()
    else if (next === QUESTION) passInstruction()
    else openElement()
  }
  if (current !== undefined) throw malformed('an element is not closed')
  return { kind: 'read', roots, repeated }

  function addText(words: string): void {
    if (current === undefined) {
      if (/[^ \t\n]/.test(words)) throw new Refusal('not_an_envelope', 'text outside the envelope')
      return
    }
    if (hasSectionEnds && words.includes(']]>')) throw malformed('the end of a CDATA section that never began')
    current.text += hasReferences ? resolved(words) : words
  }

  function resolved(words: string): string {
    return words.includes('&') ? resolveReferences(words, whenForbidden) : words
  }

  function whenForbidden(): void {
    if (!dropForbidden) throw new Refusal('control_characters', 'a reference to no character')
  }

  function closeElement(): void {
    const name = openNames.pop()
    if (current === undefined || name === undefined) throw malformed('an end tag without its start')
    if (!text.startsWith(name, at + 1)) throw malformed('an end tag of another element')
    at = passBlanks(at + 1 + name.length)
    if (text.charCodeAt(at) !== GREATER) throw malformed('an end tag that does not end')
    at += 1
    const spaced = current.text
    current.text = spaced.trim()
    // Of a container it is indentation.
    if (current.text !== '' && spaced.length !== current.text.length && current.children.length === 0)
      current.spaced = spaced
    open.pop()
    current = open.at(-1)
  }

  function openElement(): void {
    if (open.length >= maxDepth) throw new Refusal('too_deep', `deeper than ${maxDepth}`)
    const nameFrom = at
    at = nameEnd(text, at)
    const qualified = text.slice(nameFrom, at)
    const attributes = readAttributes()
    const colon = qualified.indexOf(':')
    const element: Draft = {
      name: colon === -1 ? qualified : qualified.slice(colon + 1),
      prefix: colon === -1 ? '' : qualified.slice(0, colon),
      attributes,
      children: NO_CHILDREN,
      text: '',
    }
    if (current === undefined) roots.push(element)
    else if (current.children === NO_CHILDREN) current.children = [element]
    else current.children.push(element)
    if (text.charCodeAt(at) === SLASH) {
      if (text.charCodeAt(at + 1) !== GREATER) throw malformed('a tag that does not end')
      at += 2
      return
    }
    at += 1
    open.push(element)
    openNames.push(qualified)
    current = element
  }

  /** Leaves `at` at the `>` or `/` that ends the tag. */
  function readAttributes(): ReadonlyMap<string, string> {
    let attributes: ReadonlyMap<string, string> | undefined
    let count = 0
    for (;;) {
      const from = passBlanks(at)
      const next = text.charCodeAt(from)
      if (next === GREATER || next === SLASH) {
        at = from
        return attributes ?? NO_ATTRIBUTES
      }
      if (from === at) throw malformed('a tag that does not end')
      count += 1
      if (count > MAX_ATTRIBUTES) throw malformed(`more than ${MAX_ATTRIBUTES} attributes`)
      at = nameEnd(text, from)
      const name = text.slice(from, at)
      const value = readValue()
      if (attributes === undefined) attributes = alone(name, value)
      else if (!attributes.has(name)) attributes = joined(attributes, name, value)
      // A real device copies our header elements into its answers and sets this attribute a second time.
      else if (name.endsWith(':mustUnderstand')) repeated = true
      else throw malformed('an attribute that stands twice')
    }
  }

  /** One element after another bears the same, as the values of a list do with `xsi:type="xsd:string"`. */
  function alone(name: string, value: string): ReadonlyMap<string, string> {
    if (lastAlone.get(name) !== value) lastAlone = new Map([[name, value]])
    return lastAlone
  }

  function joined(attributes: ReadonlyMap<string, string>, name: string, value: string): ReadonlyMap<string, string> {
    return (attributes === lastAlone ? new Map(attributes) : (attributes as Map<string, string>)).set(name, value)
  }

  function readValue(): string {
    at = passBlanks(at)
    if (text.charCodeAt(at) !== EQUALS) throw malformed('an attribute without a value')
    at = passBlanks(at + 1)
    const quote = text.charCodeAt(at)
    if (quote !== QUOTE && quote !== APOSTROPHE) throw malformed('a value without quotes')
    const from = at + 1
    at = from
    let hasBlanks = false
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === quote) break
      if (code === LESS) throw malformed('< in the value of an attribute')
      if (Number.isNaN(code)) throw malformed('a value that does not end')
      if (code === 0x09 || code === 0x0a) hasBlanks = true
      at += 1
    }
    const words = text.slice(from, at)
    at += 1
    // Tabs and line ends in it are spaces (XML 1.0 3.3.3), unless they came as references.
    const value = hasBlanks ? words.replace(/[\t\n]/g, ' ') : words
    return hasReferences ? resolved(value) : value
  }

  function passBlanks(from: number): number {
    let to = from
    while (isBlank(text.charCodeAt(to))) to += 1
    return to
  }

  /** A comment, or a CDATA section; what else starts with `<!` is a document type or belongs into one. */
  function passDeclaration(): void {
    if (text.startsWith('!--', at)) {
      const end = text.indexOf('--', at + 3)
      if (end === -1) throw malformed('a comment is not closed')
      if (text.charCodeAt(end + 2) !== GREATER) throw malformed('-- within a comment')
      at = end + 3
      return
    }
    if (!text.startsWith('![CDATA[', at)) throw new Refusal('doctype', 'a document type is not accepted')
    const end = text.indexOf(']]>', at + 8)
    if (end === -1) throw malformed('a CDATA section is not closed')
    if (current === undefined) throw new Refusal('not_an_envelope', 'text outside the envelope')
    current.text += text.slice(at + 8, end)
    at = end + 3
  }

  /** A processing instruction; the XML declaration only where a document may start. */
  function passInstruction(): void {
    const from = at + 1
    at = nameEnd(text, from)
    const target = text.slice(from, at)
    const end = text.indexOf('?>', at)
    if (end === -1 || (end > at && !isBlank(text.charCodeAt(at)))) throw malformed('an instruction does not end')
    if (/^xml$/i.test(target)) {
      if (target !== 'xml' || current !== undefined) throw malformed('a misplaced declaration')
      // One that has lost its end would swallow what follows.
      if (end - at > MAX_DECLARATION || /[<>]/.test(text.slice(at, end))) throw malformed('a declaration does not end')
    }
    at = end + 2
  }
}
