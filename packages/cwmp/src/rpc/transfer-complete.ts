import { clip, readTime, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readOperationFault, type OperationFault } from './operation-fault.ts'

/** TR-069 A.3.3.2. */
export interface TransferComplete extends OperationFault {
  readonly kind: 'transfer_complete'
  /** May be empty although Download carried one (seen in the field). */
  readonly commandKey: string
  readonly startTime: string | null
  readonly completeTime: string | null
}

export interface TransferCompleteResponse {
  readonly kind: 'transfer_complete_response'
}

export function decodeTransferComplete(message: XmlElement, reading: Reading): TransferComplete {
  return {
    kind: 'transfer_complete',
    commandKey: clip(textOf(message, 'CommandKey'), 64),
    ...readOperationFault(message, 'FaultStruct', reading),
    startTime: readTime(textOf(message, 'StartTime'), reading),
    completeTime: readTime(textOf(message, 'CompleteTime'), reading),
  }
}

export function encodeTransferCompleteResponse(): Xml {
  return element('cwmp:TransferCompleteResponse')
}
