import type { XmlElement } from '../xml-element.ts'

/** The named parts of an XML schema document. */
export interface Schema {
  readonly elements: ReadonlyMap<string, XmlElement>
  readonly types: ReadonlyMap<string, XmlElement>
}

export function schemaOf(root: XmlElement): Schema {
  const named = (kind: RegExp) =>
    new Map(
      root.children
        .filter((child) => kind.test(child.name))
        .map((child) => [child.attributes.get('name') ?? '', child]),
    )
  return { elements: named(/^element$/), types: named(/^(?:simple|complex)Type$/) }
}

/** A qualified name without its prefix. */
export function local(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
