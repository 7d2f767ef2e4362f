import type { XmlElement } from '../xml-element.ts'
import { escapeXml } from '../xml-writer.ts'

/** Written again, with its children and text as `change` makes them. */
export function writeChanged(element: XmlElement, change: (element: XmlElement) => Partial<XmlElement>): string {
  const changed = { ...element, ...change(element) }
  const name = element.prefix === '' ? element.name : `${element.prefix}:${element.name}`
  const attributes = [...element.attributes].map(([key, value]) => ` ${key}="${escapeXml(value)}"`).join('')
  const inner = changed.children.map((child) => writeChanged(child, change)).join('')
  return `<${name}${attributes}>${inner}${escapeXml(changed.text)}</${name}>`
}

/** How many elements there are, this one included. */
export function countElements(element: XmlElement): number {
  return element.children.reduce((sum, child) => sum + countElements(child), 1)
}
