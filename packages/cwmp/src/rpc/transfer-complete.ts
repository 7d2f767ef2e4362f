import { clip, readTime, readUnsigned, type Reading } from '../reading.ts'
import { childOf, textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'

/** TR-069 A.3.3.2. */
export interface TransferComplete {
  readonly kind: 'transfer_complete'
  /** May be empty although Download carried one (seen in the field). */
  readonly commandKey: string
  /** 0 is success, also where the FaultStruct is missing; 9001 where the code cannot be read. */
  readonly faultCode: number
  readonly faultString: string
  readonly startTime: string | null
  readonly completeTime: string | null
}

export interface TransferCompleteResponse {
  readonly kind: 'transfer_complete_response'
}

export function decodeTransferComplete(message: XmlElement, reading: Reading): TransferComplete {
  const fault = childOf(message, 'FaultStruct')
  return {
    kind: 'transfer_complete',
    commandKey: clip(textOf(message, 'CommandKey'), 64),
    faultCode: fault === undefined ? 0 : (readUnsigned(textOf(fault, 'FaultCode'), reading) ?? 9001),
    faultString: clip(textOf(fault, 'FaultString'), 256),
    startTime: readTime(textOf(message, 'StartTime'), reading),
    completeTime: readTime(textOf(message, 'CompleteTime'), reading),
  }
}

export function encodeTransferCompleteResponse(): Xml {
  return element('cwmp:TransferCompleteResponse')
}
