import { UNIT_MS, type Unit } from './expression.ts'
import { Wrong } from './wrong.ts'

export type Token = { readonly at: number } & (
  | { readonly kind: 'word' | 'symbol' | 'text' | 'number'; readonly value: string }
  | { readonly kind: 'duration'; readonly amount: number; readonly unit: Unit }
  | { readonly kind: 'end' }
)

/** What a text is read through. A test counts how often it is. */
export interface Chars {
  readonly length: number
  at(index: number): string | undefined
  slice(from: number, to: number): string
}

const BLANK = ' \t\r\n'
const PAIRS = ['!=', '<=', '>=']
const SINGLES = '=<>(),'
/** Enough for 1900 years in days, and for a percentage with four decimals. */
const MOST_OF_A_NUMBER = 8

/** Hands out one token after the other. Each character is looked at a bounded number of times, and none is returned to. */
export function createTokens(chars: Chars): { next(): Token } {
  let index = 0

  const skipWhile = (fits: (char: string) => boolean): void => {
    for (let char = chars.at(index); char !== undefined && fits(char); char = chars.at(index)) index += 1
  }
  const takeWhile = (fits: (char: string) => boolean): string => {
    const from = index
    skipWhile(fits)
    return chars.slice(from, index)
  }

  const textWithin = (quote: string, at: number): Token => {
    const parts: string[] = []
    for (index += 1; ; index += 1) {
      const char = chars.at(index)
      if (char === undefined) throw new Wrong(at, 'this quote is not closed')
      if (char === quote) break
      if (char !== '\\') {
        parts.push(char)
        continue
      }
      index += 1
      const escaped = chars.at(index)
      if (escaped !== '\\' && escaped !== '"' && escaped !== "'")
        throw new Wrong(index, 'after a backslash comes a quote or another backslash')
      parts.push(escaped)
    }
    index += 1
    return { kind: 'text', value: parts.join(''), at }
  }

  const numberOrDuration = (at: number): Token => {
    const value = takeWhile((char) => isDigit(char) || char === '.')
    const unit = takeWhile(isOfWord)
    if (value.length > MOST_OF_A_NUMBER) throw new Wrong(at, 'a number of fewer digits was expected')
    if (unit === '') return { kind: 'number', value, at }
    const amount = Number(value)
    if (!isUnit(unit) || value.includes('.') || amount < 1)
      throw new Wrong(at, 'a number and one of s, m, h, d, w was expected, such as 7d')
    return { kind: 'duration', amount, unit, at }
  }

  return {
    next() {
      skipWhile((char) => BLANK.includes(char))
      const char = chars.at(index)
      const at = index + 1
      if (char === undefined) return { kind: 'end', at }
      if (char === '"' || char === "'") return textWithin(char, at)
      if (isDigit(char)) return numberOrDuration(at)
      if (isLetter(char)) return { kind: 'word', value: takeWhile(isOfWord), at }
      const pair = chars.slice(index, index + 2)
      const symbol = PAIRS.includes(pair) ? pair : char
      if (symbol.length === 1 && !SINGLES.includes(symbol)) throw new Wrong(at, `${quoted(char)} means nothing here`)
      index += symbol.length
      return { kind: 'symbol', value: symbol, at }
    },
  }
}

/** For a sentence: short, and safe to print. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 24 ? `${text.slice(0, 24)}...` : text)
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9'
}

function isLetter(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z')
}

function isOfWord(char: string): boolean {
  return isLetter(char) || isDigit(char) || char === '_'
}

function isUnit(text: string): text is Unit {
  return Object.hasOwn(UNIT_MS, text)
}
