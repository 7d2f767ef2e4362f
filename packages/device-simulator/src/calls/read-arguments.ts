import { childOf, textOf, type XmlElement } from '../read-xml.ts'

/** The text of an argument; undefined when it is absent or longer than the specification lets it be. */
export function readText(args: XmlElement, name: string, longest: number): string | undefined {
  const text = textOf(args, name)
  return text === undefined || text.length > longest ? undefined : text
}

/** An optional whole number of seconds or bytes; undefined when it is none. Absent or empty is zero. */
export function readWhole(args: XmlElement, name: string): number | undefined {
  const text = textOf(args, name) || '0'
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

export function readNames(args: XmlElement, list: string): string[] {
  return childOf(args, list)?.children.map((one) => one.text.trim()) ?? []
}
