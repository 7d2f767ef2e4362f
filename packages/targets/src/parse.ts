import { type Expression, FIELDS, type Field, LIMITS, type Order, type Term, WHOLE } from './expression.ts'
import { type Chars, type Token, createTokens, quoted } from './read-tokens.ts'
import { instantOf } from './time.ts'
import { Wrong } from './wrong.ts'

export type Parsed =
  | { readonly kind: 'parsed'; readonly expression: Expression }
  /** `detail` is a sentence for who wrote it; `at` the character it speaks of, from 1. */
  | { readonly kind: 'wrong'; readonly detail: string; readonly at: number }

/**
 * Reads an expression in one pass: what comes next decides what it is, and nothing is read twice. Its length, its depth
 * and what it compares with are bounded by `LIMITS`.
 */
export function parse(text: string): Parsed {
  return parseChars(text)
}

/** `parse`, of whatever can be read as characters. */
export function parseChars(chars: Chars): Parsed {
  try {
    if (chars.length > LIMITS.chars) {
      throw new Wrong(LIMITS.chars + 1, `an expression has no more than ${LIMITS.chars} characters`)
    }
    return { kind: 'parsed', expression: expressionOf(chars) }
  } catch (error) {
    if (error instanceof Wrong) return { kind: 'wrong', detail: error.message, at: error.at }
    throw error
  }
}

const ORDERS: readonly string[] = ['<', '<=', '>', '>='] satisfies Order[]

function expressionOf(chars: Chars): Expression {
  const tokens = createTokens(chars)
  let token = tokens.next()
  let depth = 0
  let terms = 0

  const advance = (): void => {
    token = tokens.next()
  }
  const isNext = (kind: 'word' | 'symbol', value: string): boolean => token.kind === kind && token.value === value
  const skip = (kind: 'word' | 'symbol', value: string): boolean => {
    if (!isNext(kind, value)) return false
    advance()
    return true
  }
  const expected = (what: string): Wrong => new Wrong(token.at, `${shown(token)} where ${what} was expected`)
  const demand = (kind: 'word' | 'symbol', value: string): void => {
    if (!skip(kind, value)) throw expected(`"${value}"`)
  }
  const countTerm = (): void => {
    terms += 1
    if (terms > LIMITS.terms)
      throw new Wrong(token.at, `an expression compares with no more than ${LIMITS.terms} values`)
  }
  const deeper = <T>(read: () => T): T => {
    depth += 1
    if (depth > LIMITS.depth)
      throw new Wrong(token.at, `more than ${LIMITS.depth} parentheses and "not" within each other`)
    const what = read()
    depth -= 1
    return what
  }

  const anyOf = (): Expression => {
    const of = [allOf()]
    while (skip('word', 'or')) of.push(allOf())
    return of.length === 1 ? of[0]! : { kind: 'or', of }
  }

  const allOf = (): Expression => {
    const of = [factor()]
    while (skip('word', 'and')) of.push(rangeGoesOn() ? boundOf(of.at(-1)) : factor())
    return of.length === 1 ? of[0]! : { kind: 'and', of }
  }

  /** `softwareVersion >= "1.2" and < "2.0"`. */
  const rangeGoesOn = (): boolean => token.kind === 'symbol' && ORDERS.includes(token.value)
  const boundOf = (before: Expression | undefined): Term => {
    if (before?.kind === 'version') return version()
    if (before?.kind === 'percent') return percent()
    throw expected('the name of a field')
  }

  const factor = (): Expression => {
    if (skip('word', 'not')) return { kind: 'not', of: deeper(factor) }
    if (!skip('symbol', '(')) return term()
    const within = deeper(anyOf)
    demand('symbol', ')')
    return within
  }

  const term = (): Term => {
    const field = fieldOf()
    if (field === 'percent') return percent()
    if (field === 'lastInform') return lastInform()
    if (skip('symbol', '=')) return { kind: 'one_of', field, isNegated: false, values: [text(field)] }
    if (skip('symbol', '!=')) return { kind: 'one_of', field, isNegated: true, values: [text(field)] }
    if (skip('word', 'in')) return { kind: 'one_of', field, isNegated: false, values: list(field) }
    if (skip('word', 'not')) {
      demand('word', 'in')
      return { kind: 'one_of', field, isNegated: true, values: list(field) }
    }
    if (skip('word', 'starts')) {
      demand('word', 'with')
      return { kind: 'starts_with', field, prefix: text(field) }
    }
    if (field !== 'tag' && skip('word', 'is')) {
      countTerm()
      if (skip('word', 'known')) return { kind: 'known', field, isNegated: false }
      if (skip('word', 'unknown')) return { kind: 'known', field, isNegated: true }
      throw expected('"known" or "unknown"')
    }
    if (field === 'softwareVersion' && rangeGoesOn()) return version()
    const orders = field === 'softwareVersion' ? ', <, <=, >, >=' : ''
    throw expected(`one of =, !=${orders}, in, not in, starts with${field === 'tag' ? '' : ', is known, is unknown'}`)
  }

  const fieldOf = (): Field => {
    const name = token.kind === 'word' ? FIELDS.find((one) => token.kind === 'word' && one === token.value) : undefined
    if (name === undefined) throw expected(`"not", "(" or one of ${FIELDS.join(', ')}`)
    advance()
    return name
  }

  const text = (field: Field): string => {
    if (token.kind !== 'text') throw expected('a text in quotes')
    const { value } = token
    countTerm()
    advance()
    // Of an OUI there is one spelling in the inventory.
    return field === 'oui' ? value.toUpperCase() : value
  }

  const list = (field: Field): string[] => {
    demand('symbol', '(')
    const values = [text(field)]
    while (skip('symbol', ',')) values.push(text(field))
    if (!skip('symbol', ')')) throw expected('"," or ")"')
    return values
  }

  const order = (): Order => {
    const found = token.kind === 'symbol' ? ORDERS.indexOf(token.value) : -1
    if (found === -1) throw expected('one of <, <=, >, >=')
    advance()
    return ORDERS[found] as Order
  }

  const version = (): Term => ({ kind: 'version', order: order(), version: text('softwareVersion') })

  const percent = (): Term => {
    const isBelow = isNext('symbol', '<')
    if (!isBelow && !isNext('symbol', '>=')) throw expected('"<" or ">="')
    advance()
    return { kind: 'percent', order: isBelow ? '<' : '>=', share: share() }
  }

  const share = (): number => {
    const [whole = '', decimals = '', rest] = token.kind === 'number' ? token.value.split('.') : []
    const found = Number(whole) * 10_000 + Number(decimals.padEnd(4, '0'))
    if (whole === '' || rest !== undefined || decimals.length > 4 || found > WHOLE)
      throw expected('a number from 0 to 100 with up to four decimals')
    countTerm()
    advance()
    return found
  }

  const lastInform = (): Term => {
    countTerm()
    if (skip('word', 'never')) return { kind: 'never_informed' }
    if (skip('word', 'within')) {
      if (token.kind !== 'duration') throw expected('a duration such as 7d or 36h')
      const { amount, unit } = token
      advance()
      return { kind: 'informed_within', amount, unit }
    }
    const side = isNext('word', 'before') ? 'before' : isNext('word', 'after') ? 'after' : undefined
    if (side === undefined) throw expected('one of within, before, after, never')
    advance()
    if (token.kind !== 'text' || instantOf(token.value) === undefined)
      throw expected('a time in quotes such as "2026-01-31" or "2026-01-31T18:00:00Z"')
    const time = token.value
    advance()
    return { kind: 'informed', side, time }
  }

  const whole = anyOf()
  if (token.kind !== 'end') throw expected('"and", "or" or the end')
  return whole
}

function shown(token: Token): string {
  if (token.kind === 'end') return 'the end'
  return quoted(token.kind === 'duration' ? `${token.amount}${token.unit}` : token.value)
}
