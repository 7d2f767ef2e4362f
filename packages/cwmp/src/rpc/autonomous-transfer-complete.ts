import { clip, readBoolean, readTime, readUnsigned, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readOperationFault, type OperationFault } from './operation-fault.ts'

/** TR-069 A.3.3.3: a transfer the ACS did not ask for, such as an upgrade from the web interface. */
export interface AutonomousTransferComplete extends OperationFault {
  readonly kind: 'autonomous_transfer_complete'
  /** Where the CPE heard of the file; may be empty. At most 1024 characters. */
  readonly announceUrl: string
  /** At most 1024 characters. */
  readonly transferUrl: string
  readonly isDownload: boolean
  readonly fileType: string
  /** Bytes; null where unreadable. */
  readonly fileSize: number | null
  readonly targetFileName: string
  readonly startTime: string | null
  readonly completeTime: string | null
}

export interface AutonomousTransferCompleteResponse {
  readonly kind: 'autonomous_transfer_complete_response'
}

export function decodeAutonomousTransferComplete(message: XmlElement, reading: Reading): AutonomousTransferComplete {
  return {
    kind: 'autonomous_transfer_complete',
    announceUrl: clip(textOf(message, 'AnnounceURL'), 1024),
    transferUrl: clip(textOf(message, 'TransferURL'), 1024),
    isDownload: readBoolean(textOf(message, 'IsDownload'), reading),
    fileType: clip(textOf(message, 'FileType'), 64),
    fileSize: readUnsigned(textOf(message, 'FileSize'), reading),
    targetFileName: clip(textOf(message, 'TargetFileName'), 256),
    ...readOperationFault(message, 'FaultStruct', reading),
    startTime: readTime(textOf(message, 'StartTime'), reading),
    completeTime: readTime(textOf(message, 'CompleteTime'), reading),
  }
}

export function encodeAutonomousTransferCompleteResponse(): Xml {
  return element('cwmp:AutonomousTransferCompleteResponse')
}
