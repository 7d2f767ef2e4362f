import type { Static, TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import Value from 'typebox/value'
import { sayingOfFormat } from './formats.ts'
import { FIRMWARE_EXCLUDED } from './values.ts'

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
  const detail = [...Value.Errors(meant(schema, value), value)]
    .slice(0, 3)
    .map((error) => `${error.instancePath || '/'} ${saying(error, value)}`)
    .join('; ')
  return { kind: 'invalid', detail: detail || 'does not fit its schema' }
}

interface Shape {
  readonly anyOf?: readonly Shape[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly const?: unknown
}

/** The schema with each union narrowed to the member the value names itself: nobody is helped by what all others miss. */
function meant(schema: TSchema, value: unknown): TSchema {
  return narrow(schema as Shape, value) as TSchema
}

function narrow(shape: Shape, value: unknown): Shape {
  if (typeof value !== 'object' || value === null) return shape
  const given = value as Readonly<Record<string, unknown>>
  const named = shape.anyOf?.filter(({ properties = {} }) => {
    const marks = Object.entries(properties).filter(([, property]) => property.const !== undefined)
    return marks.length > 0 && marks.every(([name, property]) => property.const === given[name])
  })
  const [chosen = shape] = named?.length === 1 ? named : []
  if (chosen.properties === undefined) return chosen
  const properties = Object.entries(chosen.properties).map(([name, property]) => [name, narrow(property, given[name])])
  return { ...chosen, properties: Object.fromEntries(properties) as Record<string, Shape> }
}

interface Mistake {
  readonly keyword: string
  readonly params: object
  readonly message: string
  readonly instancePath: string
}

/** What a person can act on: the values that are allowed, and names that mean nothing here. */
function saying({ keyword, params, message, instancePath }: Mistake, whole: unknown): string {
  if (keyword === 'format' && 'format' in params) {
    const said = sayingOfFormat(String(params.format), valueAt(whole, instancePath))
    if (said !== undefined) return said
  }
  if (keyword === 'enum' && 'allowedValues' in params)
    return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`
  if (keyword === 'boolean') return 'is not known here'
  if (keyword === 'pattern' && 'pattern' in params && params.pattern === FIRMWARE_EXCLUDED)
    return 'names firmware, which goes by campaign alone'
  return message
}

/** RFC 6901. */
function valueAt(whole: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, name) => (at as Readonly<Record<string, unknown>> | undefined)?.[name], whole)
}
