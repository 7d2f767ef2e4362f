import type { Expression, Term } from './expression.ts'

/** The expression as text, in the one way `parse` reads back the same. */
export function print(expression: Expression): string {
  if (expression.kind === 'and') return expression.of.map((one) => within(one, ['and', 'or'])).join(' and ')
  if (expression.kind === 'or') return expression.of.map((one) => within(one, ['or'])).join(' or ')
  if (expression.kind === 'not') return `not ${within(expression.of, ['and', 'or'])}`
  return printTerm(expression)
}

function within(expression: Expression, inParentheses: readonly Expression['kind'][]): string {
  const text = print(expression)
  return inParentheses.includes(expression.kind) ? `(${text})` : text
}

function printTerm(term: Term): string {
  switch (term.kind) {
    case 'one_of':
      return printOneOf(term)
    case 'starts_with':
      return `${term.field} starts with ${quote(term.prefix)}`
    case 'known':
      return `${term.field} is ${term.isNegated ? 'unknown' : 'known'}`
    case 'version':
      return `softwareVersion ${term.order} ${quote(term.version)}`
    case 'informed_within':
      return `lastInform within ${term.amount}${term.unit}`
    case 'informed':
      return `lastInform ${term.side} ${quote(term.time)}`
    case 'never_informed':
      return 'lastInform never'
    case 'percent':
      return `percent ${term.order} ${term.share / 10_000}`
  }
}

function printOneOf({ field, isNegated, values }: Term & { kind: 'one_of' }): string {
  const texts = values.map(quote)
  if (texts.length === 1) return `${field} ${isNegated ? '!=' : '='} ${texts[0]}`
  return `${field} ${isNegated ? 'not in' : 'in'} (${texts.join(', ')})`
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
