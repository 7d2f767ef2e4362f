import type { Expression, TextField } from './expression.ts'

/** Texts that a field has to be one of, for the whole to hold. */
export interface Narrowing {
  readonly field: TextField
  readonly values: readonly string[]
}

/** What an index may look up before the expression is asked: conditions that it cannot hold without. */
export function narrowingOf(expression: Expression): Narrowing[] {
  if (expression.kind === 'and') return expression.of.flatMap(narrowingOf)
  if (expression.kind !== 'one_of' || expression.isNegated || expression.field === 'tag') return []
  return [{ field: expression.field, values: expression.values }]
}
