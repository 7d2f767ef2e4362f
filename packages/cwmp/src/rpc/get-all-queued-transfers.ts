import { clip, readBoolean, readUnsigned, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readList } from './list.ts'

/** TR-069 A.4.1.7; there are CPE that answer it although they speak CWMP 1.0. */
export interface GetAllQueuedTransfers {
  readonly kind: 'get_all_queued_transfers'
}

export interface GetAllQueuedTransfersResponse {
  readonly kind: 'get_all_queued_transfers_response'
  readonly transfers: readonly QueuedTransfer[]
}

export interface QueuedTransfer {
  readonly commandKey: string
  /** 1 not started, 2 in progress, 3 completed; null where unreadable. */
  readonly state: number | null
  readonly isDownload: boolean
  readonly fileType: string
  /** Bytes; null where unreadable. */
  readonly fileSize: number | null
  readonly targetFileName: string
}

export function encodeGetAllQueuedTransfers(): Xml {
  return element('cwmp:GetAllQueuedTransfers')
}

export function decodeGetAllQueuedTransfersResponse(
  message: XmlElement,
  reading: Reading,
): GetAllQueuedTransfersResponse {
  const structs = readList(message, { list: 'TransferList', item: 'AllQueuedTransferStruct' }, reading)
  return {
    kind: 'get_all_queued_transfers_response',
    transfers: structs.map((struct) => readTransfer(struct, reading)),
  }
}

function readTransfer(struct: XmlElement, reading: Reading): QueuedTransfer {
  return {
    commandKey: clip(textOf(struct, 'CommandKey'), 64),
    state: readUnsigned(textOf(struct, 'State'), reading),
    isDownload: readBoolean(textOf(struct, 'IsDownload'), reading),
    fileType: clip(textOf(struct, 'FileType'), 64),
    fileSize: readUnsigned(textOf(struct, 'FileSize'), reading),
    targetFileName: clip(textOf(struct, 'TargetFileName'), 256),
  }
}
