import type { ImageSource, Span } from '../format.ts'
import { refuse } from '../refuse.ts'
import type { FdtLayout } from './fdt-header.ts'
import { readStrings } from './fdt-strings.ts'

const BEGIN_NODE = 1
const END_NODE = 2
const PROPERTY = 3
const END = 9

const MOST_TOKENS = 16_384
const LONGEST_NAME = 128
/** A longer value is data: it is not read, only where it lies is told. */
const LONGEST_KEPT = 16 * 1024
const MOST_KEPT = 256 * 1024
const MOST_LONG_VALUES = 256

/** A piece of the structure: its tag and what belongs to it, and what fills it up to four bytes: mkimage leaves old bytes there. */
export interface Token {
  readonly span: Span
  /** Null: too long to be kept. */
  readonly bytes: Buffer | null
}

export interface FdtProperty {
  readonly name: string
  /** Where its name lies among the strings, the NUL after it included. */
  readonly nameSpan: Span
  readonly token: Token
  readonly value: Span
  /** Null: too long to be kept. */
  readonly bytes: Buffer | null
}

export type FdtItem =
  | { readonly kind: 'begin'; readonly name: string; readonly token: Token }
  | { readonly kind: 'property'; readonly property: FdtProperty }
  | { readonly kind: 'end'; readonly token: Token }
  /** The last: the structure ends with it. */
  | { readonly kind: 'finish'; readonly token: Token }

/** Reads the structure block (Devicetree Specification 5.4) from its first token on: one more with each call. */
export async function createTokens(
  source: ImageSource,
  { struct, strings }: FdtLayout,
): Promise<() => Promise<FdtItem>> {
  const nameAt = await readStrings(source, strings)
  let [at, tokens, kept, longValues] = [struct.start, 0, 0, 0]

  const peek = async (length: number) =>
    Buffer.from(await source.read({ start: at, end: Math.min(at + length, struct.end) }))

  /** A token of this length before its padding, kept whole. */
  const keep = async (length: number): Promise<Token> => {
    const span = spanOf(length)
    if ((kept += span.end - span.start) > MOST_KEPT)
      refuse('format_limit_exceeded', `${MOST_KEPT} bytes beside the data`)
    at = span.end
    return { span, bytes: Buffer.from(await source.read(span)) }
  }
  const skip = (length: number): Token => {
    const span = spanOf(length)
    if ((longValues += 1) > MOST_LONG_VALUES) refuse('format_limit_exceeded', `${MOST_LONG_VALUES} long values`)
    at = span.end
    return { span, bytes: null }
  }
  const spanOf = (length: number): Span => {
    const end = at + Math.ceil(length / 4) * 4
    if (end > struct.end) refuse('format_truncated', `the structure of the tree ends within what begins at ${at}`)
    return { start: at, end }
  }

  const takeBegin = async (): Promise<FdtItem> => {
    const text = (await peek(4 + LONGEST_NAME + 1)).subarray(4)
    const length = text.indexOf(0)
    if (length < 0) refuse('format_limit_exceeded', `the name of a node at ${at} has no end`)
    return { kind: 'begin', name: text.toString('latin1', 0, length), token: await keep(4 + length + 1) }
  }
  const takeProperty = async (): Promise<FdtItem> => {
    const head = await peek(12)
    if (head.length < 12) refuse('format_truncated', 'the structure of the tree ends within a property')
    const [length, nameOffset] = [head.readUInt32BE(4), head.readUInt32BE(8)]
    const value = { start: at + 12, end: at + 12 + length }
    const token = length > LONGEST_KEPT ? skip(12 + length) : await keep(12 + length)
    const bytes = token.bytes?.subarray(12, 12 + length) ?? null
    return { kind: 'property', property: { ...nameAt(nameOffset), token, value, bytes } }
  }
  const takeFinish = async (): Promise<FdtItem> => {
    const token = await keep(4)
    if (at !== struct.end) refuse('format_trailing_bytes', `the structure of the tree goes on after its end at ${at}`)
    return { kind: 'finish', token }
  }

  return async () => {
    if ((tokens += 1) > MOST_TOKENS) refuse('format_limit_exceeded', `${MOST_TOKENS} tokens`)
    const tag = await peek(4)
    if (tag.length < 4) refuse('format_truncated', 'the structure of the tree has no end')
    switch (tag.readUInt32BE()) {
      case BEGIN_NODE:
        return takeBegin()
      case END_NODE:
        return { kind: 'end', token: await keep(4) }
      case PROPERTY:
        return takeProperty()
      case END:
        return takeFinish()
      default:
        return refuse('format_malformed', `no tag at ${at}`)
    }
  }
}
