import { booleanArgument, textArgument } from '../argument.ts'
import { readBoolean, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readList } from './list.ts'

/** TR-069 A.3.2.3. */
export interface GetParameterNames {
  readonly kind: 'get_parameter_names'
  /** A parameter, or a partial path ending with a dot. Empty for the root, which some CPE cannot take. */
  readonly path: string
  /** true: only the next level below the path; false: everything below it, and the path itself. */
  readonly nextLevel: boolean
}

export interface GetParameterNamesResponse {
  readonly kind: 'get_parameter_names_response'
  /** At most 20,000; what comes after is dropped with the warning `list_clipped`. */
  readonly parameters: readonly ParameterInfo[]
}

export interface ParameterInfo {
  /** Objects end with a dot. */
  readonly name: string
  /** What the CPE claims; there are CPE that claim wrongly. false where unreadable. */
  readonly writable: boolean
}

export function encodeGetParameterNames(message: GetParameterNames): Xml {
  return element('cwmp:GetParameterNames', [
    textArgument('ParameterPath', message.path, 256),
    booleanArgument('NextLevel', message.nextLevel),
  ])
}

export function decodeGetParameterNamesResponse(message: XmlElement, reading: Reading): GetParameterNamesResponse {
  const structs = readList(message, { list: 'ParameterList', item: 'ParameterInfoStruct' }, reading)
  return {
    kind: 'get_parameter_names_response',
    parameters: structs.map((struct) => ({
      name: textOf(struct, 'Name'),
      writable: readBoolean(textOf(struct, 'Writable'), reading),
    })),
  }
}
