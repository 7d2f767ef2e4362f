import { childOf, type XmlElement } from '../xml-element.ts'
import { attributeDepartures } from './schema-attributes.ts'
import { local, type Schema } from './schema-document.ts'
import { textDepartures } from './schema-text.ts'

/**
 * Where an element departs from the declaration of its name: unknown, missing, repeated or misplaced children,
 * attributes, and texts that are too long or of another form. Knows the parts of XML Schema the CWMP schemas use.
 */
export function departuresFrom(schema: Schema, actual: XmlElement): readonly string[] {
  const declaration = schema.elements.get(actual.name)
  return declaration === undefined ? [`${actual.name}: not declared`] : elementDepartures(actual, declaration, schema)
}

function elementDepartures(actual: XmlElement, declaration: XmlElement, schema: Schema): readonly string[] {
  const type = typeFor(actual, declaration, schema)
  if (type?.name !== 'complexType') {
    const foreign = actual.children.length > 0 ? [`${actual.name}: has children`] : []
    return [...foreign, ...textDepartures(actual, type ?? declaration.attributes.get('type') ?? '', schema)]
  }
  if (type.attributes.get('abstract') === 'true') return [`${actual.name}: is of an abstract type`]
  return [...attributeDepartures(actual, type), ...childDepartures(actual, childrenOf(type, schema), schema)]
}

/** The type the element names itself (xsi:type), the one its declaration holds or names, or none for built-in ones. */
function typeFor(actual: XmlElement, declaration: XmlElement, schema: Schema): XmlElement | undefined {
  const own = childOf(declaration, 'complexType') ?? childOf(declaration, 'simpleType')
  const named = schema.types.get(local(declaration.attributes.get('type') ?? ''))
  const claimed = named === undefined ? undefined : schema.types.get(local(actual.attributes.get('xsi:type') ?? ''))
  return own ?? claimed ?? named
}

/** The children a complex type declares, those it inherits first. */
function childrenOf(type: XmlElement, schema: Schema): readonly XmlElement[] {
  const content = childOf(type, 'complexContent')
  const extension = childOf(content, 'extension')
  const base = schema.types.get(local(extension?.attributes.get('base') ?? ''))
  const inherited = base === undefined ? [] : childrenOf(base, schema)
  const sequence = childOf(extension ?? childOf(content, 'restriction') ?? type, 'sequence')
  return [...inherited, ...(sequence?.children ?? [])]
}

function childDepartures(actual: XmlElement, declared: readonly XmlElement[], schema: Schema): readonly string[] {
  const names = declared.map((child) => child.attributes.get('name') ?? '')
  const order = actual.children.map((child) => names.indexOf(child.name))
  const misplaced = order.some((place, at) => at > 0 && place < (order[at - 1] ?? 0))
  return [
    ...(order.includes(-1) ? [`${actual.name}: an element it does not have`] : []),
    ...(misplaced ? [`${actual.name}: elements out of order`] : []),
    ...declared.flatMap((child, at) => {
      const found = actual.children.filter((candidate) => candidate.name === names[at])
      const least = Number(child.attributes.get('minOccurs') ?? 1)
      const most = child.attributes.get('maxOccurs') ?? '1'
      const wrong = found.length < least || (most !== 'unbounded' && found.length > Number(most))
      return [
        ...(wrong ? [`${actual.name}: ${found.length} of ${names[at]}`] : []),
        ...found.flatMap((one) => elementDepartures(one, child, schema)),
      ]
    }),
  ]
}
