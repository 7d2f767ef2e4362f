/** An element by local name: CPE put any prefix, or none, on anything. */
export interface XmlElement {
  readonly name: string
  readonly prefix: string
  /** By qualified name. */
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** Own text and CDATA, decoded and trimmed. */
  readonly text: string
  /** The same with the blanks around it; absent where there are none, or it is markup's own white space. */
  readonly spaced?: string
}

export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  if (element === undefined) return undefined
  for (const child of element.children) if (child.name === name) return child
  return undefined
}

/** Text of a child element; '' where it is missing. */
export function textOf(element: XmlElement | undefined, name: string): string {
  return childOf(element, name)?.text ?? ''
}
