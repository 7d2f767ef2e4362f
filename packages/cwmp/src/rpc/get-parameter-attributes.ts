import { listArgument, textArgument } from '../argument.ts'
import { clip, readUnsigned, type Reading } from '../reading.ts'
import { childOf, textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { clipped, readList } from './list.ts'

/** TR-069 A.3.2.5. */
export interface GetParameterAttributes {
  readonly kind: 'get_parameter_attributes'
  /** Parameters, or partial paths ending with a dot; at least one. */
  readonly names: readonly string[]
}

export interface GetParameterAttributesResponse {
  readonly kind: 'get_parameter_attributes_response'
  readonly parameters: readonly ParameterAttributes[]
}

export interface ParameterAttributes {
  readonly name: string
  /** 0 off, 1 passive, 2 active, 3 to 6 with lightweight notification; null where unreadable. */
  readonly notification: number | null
  /** Who but the ACS may write, for example `Subscriber`. */
  readonly accessList: readonly string[]
}

const MAX_ENTITIES = 64

export function encodeGetParameterAttributes(message: GetParameterAttributes): Xml {
  const names = message.names.map((name) => textArgument('string', name, 256))
  return element('cwmp:GetParameterAttributes', [listArgument('ParameterNames', 'xsd:string', names, { min: 1 })])
}

export function decodeGetParameterAttributesResponse(
  message: XmlElement,
  reading: Reading,
): GetParameterAttributesResponse {
  const structs = readList(message, { list: 'ParameterList', item: 'ParameterAttributeStruct' }, reading)
  return {
    kind: 'get_parameter_attributes_response',
    parameters: structs.map((struct) => ({
      name: textOf(struct, 'Name'),
      notification: readUnsigned(textOf(struct, 'Notification'), reading),
      accessList: readAccessList(struct, reading),
    })),
  }
}

/** Whatever its items are called: `string` by the schema, `item` where a SOAP library named them. */
function readAccessList(struct: XmlElement, reading: Reading): readonly string[] {
  const entities = childOf(struct, 'AccessList')?.children ?? []
  return clipped(entities, MAX_ENTITIES, reading).map((entity) => clip(entity.text, 64))
}
