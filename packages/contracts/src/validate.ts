import type { Static, TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'

export type Checked<T> =
  | { readonly kind: 'valid'; readonly value: T }
  | { readonly kind: 'invalid'; readonly detail: string }

const compiled = new WeakMap<TSchema, Validator>()

/** Checks a value against its schema; the detail names the first places where it does not fit. */
export function check<S extends TSchema>(schema: S, value: unknown): Checked<Static<S>> {
  let validator = compiled.get(schema)
  if (validator === undefined) {
    validator = Compile(schema) as unknown as Validator
    compiled.set(schema, validator)
  }
  if (validator.Check(value)) return { kind: 'valid', value: value as Static<S> }
  const detail = [...validator.Errors(value)]
    .slice(0, 3)
    .map((error) => `${error.instancePath || '/'} ${saying(error)}`)
    .join('; ')
  return { kind: 'invalid', detail: detail || 'does not fit its schema' }
}

/** What a person can act on: the values that are allowed, and names that mean nothing here. */
function saying({ keyword, params, message }: { keyword: string; params: object; message: string }): string {
  if (keyword === 'enum' && 'allowedValues' in params)
    return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`
  if (keyword === 'boolean') return 'is not known here'
  return message
}
