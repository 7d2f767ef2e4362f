import { listArgument, textArgument, valueArgument } from '../argument.ts'
import type { Reading } from '../reading.ts'
import type { XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readStatus } from './status.ts'

/** TR-069 A.3.2.1. */
export interface SetParameterValues {
  readonly kind: 'set_parameter_values'
  readonly parameters: readonly ParameterToSet[]
  /** At most 32 characters; may be empty. */
  readonly parameterKey: string
}

export interface ParameterToSet {
  readonly name: string
  /** Not compared with the type: it is the CPE that knows. */
  readonly value: string
  readonly type: ParameterType
}

/** Those of TR-069 table 12, and those the data models have beside them (`hexBinary` in DHCP options). */
export type ParameterType =
  | 'string'
  | 'int'
  | 'unsignedInt'
  | 'boolean'
  | 'dateTime'
  | 'base64'
  | 'long'
  | 'unsignedLong'
  | 'hexBinary'

export interface SetParameterValuesResponse {
  readonly kind: 'set_parameter_values_response'
  /** 0: applied. 1: will be applied later, perhaps after a reboot; also where it was missing or unreadable. */
  readonly status: 0 | 1
}

export function encodeSetParameterValues(message: SetParameterValues): Xml {
  const structs = message.parameters.map(({ name, value, type }) =>
    element('ParameterValueStruct', [textArgument('Name', name, 256), valueArgument(value, type)]),
  )
  return element('cwmp:SetParameterValues', [
    listArgument('ParameterList', 'cwmp:ParameterValueStruct', structs),
    textArgument('ParameterKey', message.parameterKey, 32),
  ])
}

export function decodeSetParameterValuesResponse(message: XmlElement, reading: Reading): SetParameterValuesResponse {
  return { kind: 'set_parameter_values_response', status: readStatus(message, reading) }
}
