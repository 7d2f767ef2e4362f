import { refuse } from '../refuse.ts'
import { readText } from '../checked-text.ts'
import type { FdtNode } from './read-fdt.ts'

const LONGEST_TEXT = 512

/** The value of a property, kept whole; null where the node has no such property. */
export function bytesOf(node: FdtNode, name: string): Buffer | null {
  const property = node.properties.get(name)
  if (property === undefined) return null
  return property.bytes ?? refuse('format_limit_exceeded', `${name} of ${node.path} is too long`)
}

export function wordOf(node: FdtNode, name: string): number | null {
  const bytes = bytesOf(node, name)
  if (bytes === null) return null
  if (bytes.length !== 4) refuse('format_malformed', `${name} of ${node.path} is no number`)
  return bytes.readUInt32BE()
}

export function stringOf(node: FdtNode, name: string): string | null {
  const strings = stringsOf(node, name)
  if (strings === null) return null
  if (strings.length !== 1) refuse('format_malformed', `${name} of ${node.path} is more than one text`)
  return strings[0]!
}

/** A list of texts, each with a NUL at its end; null where the node has no such property. */
export function stringsOf(node: FdtNode, name: string): readonly string[] | null {
  const bytes = bytesOf(node, name)
  if (bytes === null) return null
  const strings = bytes.at(-1) === 0 ? splitAtNul(bytes.subarray(0, -1)) : []
  if (strings.length === 0) refuse('format_malformed', `${name} of ${node.path} is no text`)
  return strings.map((one) => readText(one, `${name} of ${node.path}`, { max: LONGEST_TEXT }))
}

function splitAtNul(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  let from = 0
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, from)) {
    pieces.push(bytes.subarray(from, at))
    from = at + 1
  }
  return [...pieces, bytes.subarray(from)]
}
