import { textArgument } from '../argument.ts'
import { readUnsigned, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { objectNameArgument } from './object-name.ts'
import { readStatus } from './status.ts'

/** TR-069 A.3.2.6. */
export interface AddObject {
  readonly kind: 'add_object'
  /** The table, ending with a dot: `Device.X.`, or `Device.X.[a].` where the CPE knows aliases (3.6.1). */
  readonly objectName: string
  /** At most 32 characters; may be empty. */
  readonly parameterKey: string
}

export interface AddObjectResponse {
  readonly kind: 'add_object_response'
  /** From 1; null with the warning `instance_number_missing` where none could be read. */
  readonly instanceNumber: number | null
  /** 0: created. 1: will be created later; also where it was missing or unreadable. */
  readonly status: 0 | 1
}

export function encodeAddObject(message: AddObject): Xml {
  return element('cwmp:AddObject', [
    objectNameArgument(message.objectName),
    textArgument('ParameterKey', message.parameterKey, 32),
  ])
}

export function decodeAddObjectResponse(message: XmlElement, reading: Reading): AddObjectResponse {
  return {
    kind: 'add_object_response',
    instanceNumber: readInstanceNumber(textOf(message, 'InstanceNumber'), reading),
    status: readStatus(message, reading),
  }
}

function readInstanceNumber(text: string, reading: Reading): number | null {
  const number = text === '' ? null : readUnsigned(text, reading)
  if (number !== null && number > 0) return number
  reading.warn('instance_number_missing')
  return null
}
