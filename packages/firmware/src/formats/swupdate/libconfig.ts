import { refuse } from '../refuse.ts'
import { startBudget, type ConfigGroup, type ConfigValue } from './config-value.ts'
import { wordsOf, type Word } from './libconfig-words.ts'

/**
 * Reads the syntax of libconfig (its manual, "Configuration Files") as SWUpdate takes it: without `@include`. A name that
 * is there twice is refused, as libconfig does it.
 */
export function readLibconfig(text: string): ConfigGroup {
  const words = wordsOf(text)
  const spend = startBudget()
  let next = words.next().value
  const take = (): Word => {
    const word = next
    next = words.next().value
    return word
  }
  const takeSign = (sign: string): boolean => {
    const there = next.kind === 'sign' && next.text === sign
    if (there) take()
    return there
  }

  const readGroup = (depth: number, isAtEnd: () => boolean): ConfigGroup => {
    const group = new Map<string, ConfigValue>()
    while (!isAtEnd()) {
      const { kind, text: name } = take()
      if (kind !== 'name') return malformed('a setting without a name')
      if (!takeSign('=') && !takeSign(':')) return malformed(`${name} has no value`)
      if (group.has(name)) return refuse('format_duplicate', `sw-description says ${name} twice`)
      group.set(name, readValue(depth))
      if (!takeSign(';')) takeSign(',')
    }
    return group
  }
  const readList = (depth: number, closing: string): ConfigValue[] => {
    const list: ConfigValue[] = []
    while (!takeSign(closing)) {
      list.push(readValue(depth))
      if (!takeSign(',') && !(next.kind === 'sign' && next.text === closing))
        return malformed('a list that does not end')
    }
    return list
  }
  const readValue = (depth: number): ConfigValue => {
    spend(depth)
    if (takeSign('{')) return readGroup(depth + 1, () => takeSign('}'))
    if (takeSign('(')) return readList(depth + 1, ')')
    if (takeSign('[')) return readList(depth + 1, ']')
    return next.kind === 'string' ? readStrings() : scalarIn(take())
  }
  /** Strings that follow each other are one. */
  const readStrings = (): string => {
    const parts: string[] = []
    while (next.kind === 'string') parts.push(unescaped(take().text.slice(1, -1)))
    return parts.join('')
  }
  return readGroup(1, () => next.kind === 'end')
}

function scalarIn({ kind, text }: Word): number | boolean {
  if (kind === 'number') return numberIn(text.replace(/L+$/, '').replace(/^\+/, ''))
  if (kind === 'name' && /^true$/i.test(text)) return true
  if (kind === 'name' && /^false$/i.test(text)) return false
  return malformed('a value that is none')
}

function numberIn(text: string): number {
  const [digits, sign] = text.startsWith('-') ? [text.slice(1), -1] : [text, 1]
  return sign * Number(digits.replace(/^0[qQ]/, '0o'))
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  f: '\f',
  v: '\v',
  b: '\b',
  a: '\u0007',
  '\\': '\\',
  '"': '"',
}

function unescaped(text: string): string {
  return text.replaceAll(
    /\\(?:x([0-9A-Fa-f]{2})|([\s\S]))/g,
    (_, hex: string | undefined, letter: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      return ESCAPES[letter!] ?? malformed('a string with an escape that is none')
    },
  )
}

function malformed(detail: string): never {
  return refuse('format_malformed', `sw-description: ${detail}`)
}
