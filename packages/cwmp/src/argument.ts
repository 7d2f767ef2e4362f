import { CwmpError } from './cwmp-error.ts'
import { element, withoutForbidden, type Xml } from './xml-writer.ts'

/**
 * A text argument of an RPC. Refused rather than changed where it is longer than the schema's limit or holds
 * control characters: a shortened CommandKey would match nothing, a shortened URL something else.
 */
export function textArgument(name: string, value: string, maxLength: number): Xml {
  if (value.length > maxLength) {
    throw new CwmpError('argument_too_long', `${name} is longer than ${maxLength} characters`)
  }
  return element(name, clean(name, value))
}

/** A text argument the schema lets away: nothing is written where it was not given. */
export function optionalTextArgument(name: string, value: string | undefined, maxLength: number): readonly Xml[] {
  return value === undefined ? [] : [textArgument(name, value, maxLength)]
}

/** An unsignedInt argument, from `min` to 2^32 - 1. */
export function unsignedArgument(name: string, value: number, min = 0): Xml {
  if (!Number.isInteger(value) || value < min || value > 4_294_967_295) {
    throw new CwmpError('argument_not_unsigned', `${name} is not a whole number from ${min} to 4294967295`)
  }
  return element(name, value)
}

/** A whole number of a small range, as Notification (0 to 6) and MaxRetries (-1 on) are. */
export function integerArgument(name: string, value: number, min: number, max: number): Xml {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new CwmpError('argument_out_of_range', `${name} is not a whole number from ${min} to ${max}`)
  }
  return element(name, value)
}

/** A boolean as 1 or 0: both forms are allowed, but there are CPE that read no other. */
export function booleanArgument(name: string, value: boolean): Xml {
  return element(name, value ? '1' : '0')
}

/** An array in SOAP encoding. `itemType` is a qualified name, for example `xsd:string`. */
export function listArgument(name: string, itemType: string, items: readonly Xml[], range: CountRange = {}): Xml {
  const { min = 0, max = Number.POSITIVE_INFINITY } = range
  if (items.length < min || items.length > max) {
    throw new CwmpError('argument_count', `${name} has ${items.length} items`)
  }
  return element(name, items, { 'soap-enc:arrayType': `${itemType}[${items.length}]` })
}

/** How many items the schema allows, both ends included. */
export interface CountRange {
  readonly min?: number
  readonly max?: number
}

/** A typed parameter value, of any length. base64 is a type of SOAP; XML Schema has none of that name. */
export function valueArgument(value: string, type: string): Xml {
  const qualified = type === 'base64' ? 'soap-enc:base64' : `xsd:${type}`
  return element('Value', clean('Value', value), { 'xsi:type': qualified })
}

function clean(name: string, value: string): string {
  if (withoutForbidden(value) !== value) throw new CwmpError('argument_not_text', `${name} holds control characters`)
  return value
}
