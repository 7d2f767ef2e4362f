import { readXml } from '../read-xml/read-xml.ts'
import type { XmlElement } from '../xml-element.ts'

/** The root of a document that a test trusts: an envelope of ours, or a schema. */
export function readDocument(text: string): XmlElement {
  const read = readXml(text, { maxDepth: 64, maxMarkup: 100_000, dropForbidden: false })
  const root = read.kind === 'read' ? read.roots[0] : undefined
  if (root === undefined) throw new Error(`not readable: ${JSON.stringify(read)}`)
  return root
}
