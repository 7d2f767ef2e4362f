import { childOf, type XmlElement } from '../xml-element.ts'
import { local, type Schema } from './schema-document.ts'

const integer = (min: number, max: number) => (text: string) =>
  /^[+-]?[0-9]+$/.test(text) && Number(text) >= min && Number(text) <= max

/** The built-in types the schemas use. */
const builtIn: Readonly<Record<string, (text: string) => boolean>> = {
  string: () => true,
  anyURI: () => true,
  anySimpleType: () => true,
  boolean: (text) => /^(?:0|1|true|false)$/.test(text),
  int: integer(-(2 ** 31), 2 ** 31 - 1),
  unsignedInt: integer(0, 2 ** 32 - 1),
  long: integer(-Number.MAX_VALUE, Number.MAX_VALUE),
  unsignedLong: integer(0, Number.MAX_VALUE),
  hexBinary: (text) => /^(?:[0-9A-Fa-f]{2})*$/.test(text),
  dateTime: (text) =>
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9:]{5})?$/.test(text),
  base64: (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text),
}

/** Where the text of an element departs from its simple type, which is a definition or a type's name. */
export function textDepartures(actual: XmlElement, type: XmlElement | string, schema: Schema): readonly string[] {
  const claimed = type === 'xs:anySimpleType' ? actual.attributes.get('xsi:type') : undefined
  if (claimed !== undefined && !isDeclared(claimed)) return [`${actual.name}: nobody declares the type ${claimed}`]
  return fits(actual.text, claimed ?? type, schema)
    ? []
    : [`${actual.name}: "${actual.text}" is not what it should hold`]
}

/** base64 is of SOAP, every other type of XML Schema. */
function isDeclared(claimed: string): boolean {
  const soap = claimed === 'soap-enc:base64'
  return soap || (claimed.startsWith('xsd:') && claimed !== 'xsd:base64' && builtIn[local(claimed)] !== undefined)
}

function fits(text: string, type: XmlElement | string, schema: Schema): boolean {
  if (typeof type === 'string') {
    const named = schema.types.get(local(type))
    if (named !== undefined) return fits(text, named, schema)
    const check = builtIn[local(type)]
    if (check === undefined) throw new Error(`a type nobody knows: ${type}`)
    return check(text)
  }
  const union = childOf(type, 'union')
  if (union !== undefined) return union.children.some((member) => fits(text, member, schema))
  const restriction = childOf(type, 'restriction')
  if (restriction === undefined) throw new Error(`neither restriction nor union: ${type.name}`)
  return fits(text, restriction.attributes.get('base') ?? '', schema) && hasFacets(text, restriction)
}

function hasFacets(text: string, restriction: XmlElement): boolean {
  const values = (name: string) =>
    restriction.children.filter((facet) => facet.name === name).map((facet) => facet.attributes.get('value') ?? '')
  const patterns = values('pattern')
  const enumerated = values('enumeration')
  const length = Array.from(text).length
  return (
    (patterns.length === 0 || patterns.some((pattern) => new RegExp(`^(?:${pattern})$`, 'u').test(text))) &&
    (enumerated.length === 0 || enumerated.includes(text)) &&
    values('maxLength').every((max) => length <= Number(max)) &&
    values('length').every((exact) => length === Number(exact)) &&
    values('minInclusive').every((min) => Number(text) >= Number(min)) &&
    values('maxInclusive').every((max) => Number(text) <= Number(max))
  )
}
