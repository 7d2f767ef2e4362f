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

/** An unsignedInt argument, from `min` to 2^32 - 1. */
export function unsignedArgument(name: string, value: number, min = 0): Xml {
  if (!Number.isInteger(value) || value < min || value > 4_294_967_295) {
    throw new CwmpError('argument_not_unsigned', `${name} is not a whole number from ${min} to 4294967295`)
  }
  return element(name, value)
}

/** A typed parameter value, of any length. */
export function valueArgument(value: string, type: string): Xml {
  return element('Value', clean('Value', value), { 'xsi:type': `xsd:${type}` })
}

function clean(name: string, value: string): string {
  if (withoutForbidden(value) !== value) throw new CwmpError('argument_not_text', `${name} holds control characters`)
  return value
}
