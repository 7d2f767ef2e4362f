import { textArgument } from '../argument.ts'
import type { Reading } from '../reading.ts'
import type { XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { objectNameArgument } from './object-name.ts'
import { readStatus } from './status.ts'

/** TR-069 A.3.2.7. */
export interface DeleteObject {
  readonly kind: 'delete_object'
  /** One instance, ending with a dot: `Device.X.2.` or `Device.X.[a].`. */
  readonly objectName: string
  /** At most 32 characters; may be empty. */
  readonly parameterKey: string
}

export interface DeleteObjectResponse {
  readonly kind: 'delete_object_response'
  /** 0: deleted. 1: will be deleted later; also where it was missing or unreadable. */
  readonly status: 0 | 1
}

export function encodeDeleteObject(message: DeleteObject): Xml {
  return element('cwmp:DeleteObject', [
    objectNameArgument(message.objectName),
    textArgument('ParameterKey', message.parameterKey, 32),
  ])
}

export function decodeDeleteObjectResponse(message: XmlElement, reading: Reading): DeleteObjectResponse {
  return { kind: 'delete_object_response', status: readStatus(message, reading) }
}
