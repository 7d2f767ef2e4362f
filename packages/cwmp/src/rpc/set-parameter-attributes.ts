import { booleanArgument, integerArgument, listArgument, textArgument } from '../argument.ts'
import { element, type Xml } from '../xml-writer.ts'

/** TR-069 A.3.2.4: applied all together or not at all, later entries over earlier ones. */
export interface SetParameterAttributes {
  readonly kind: 'set_parameter_attributes'
  /** At least one. */
  readonly parameters: readonly AttributesToSet[]
}

export interface AttributesToSet {
  /** A parameter, or a partial path ending with a dot. */
  readonly name: string
  /** 0 off, 1 passive, 2 active, 3 to 6 with lightweight notification; null leaves it as it is. */
  readonly notification: number | null
  /** Who but the ACS may write: `Subscriber` or a vendor's entity; null leaves it as it is. */
  readonly accessList: readonly string[] | null
}

export interface SetParameterAttributesResponse {
  readonly kind: 'set_parameter_attributes_response'
}

export function encodeSetParameterAttributes(message: SetParameterAttributes): Xml {
  const structs = message.parameters.map(encodeAttributes)
  return element('cwmp:SetParameterAttributes', [
    listArgument('ParameterList', 'cwmp:SetParameterAttributesStruct', structs, { min: 1 }),
  ])
}

/** The elements of what is left as it is must be there all the same; the CPE ignores them. */
function encodeAttributes({ name, notification, accessList }: AttributesToSet): Xml {
  const entities = (accessList ?? []).map((entity) => textArgument('string', entity, 64))
  return element('SetParameterAttributesStruct', [
    textArgument('Name', name, 256),
    booleanArgument('NotificationChange', notification !== null),
    integerArgument('Notification', notification ?? 0, 0, 6),
    booleanArgument('AccessListChange', accessList !== null),
    listArgument('AccessList', 'xsd:string', entities),
  ])
}

export function decodeSetParameterAttributesResponse(): SetParameterAttributesResponse {
  return { kind: 'set_parameter_attributes_response' }
}
