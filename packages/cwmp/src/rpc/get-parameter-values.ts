import { listArgument, textArgument } from '../argument.ts'
import type { Reading } from '../reading.ts'
import type { XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readParameterList, type ParameterValue } from './parameter-list.ts'

/** TR-069 A.3.2.2. */
export interface GetParameterValues {
  readonly kind: 'get_parameter_values'
  readonly names: readonly string[]
}

export interface GetParameterValuesResponse {
  readonly kind: 'get_parameter_values_response'
  readonly parameters: readonly ParameterValue[]
}

export function encodeGetParameterValues(message: GetParameterValues): Xml {
  const names = message.names.map((name) => textArgument('string', name, 256))
  return element('cwmp:GetParameterValues', [listArgument('ParameterNames', 'xsd:string', names, { min: 1 })])
}

export function decodeGetParameterValuesResponse(message: XmlElement, reading: Reading): GetParameterValuesResponse {
  return { kind: 'get_parameter_values_response', parameters: readParameterList(message, reading) }
}
