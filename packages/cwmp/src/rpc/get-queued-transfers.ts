import { clip, readUnsigned, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readList } from './list.ts'

/** TR-069 A.4.1.1, deprecated for GetAllQueuedTransfers: only transfers the ACS asked for. */
export interface GetQueuedTransfers {
  readonly kind: 'get_queued_transfers'
}

export interface GetQueuedTransfersResponse {
  readonly kind: 'get_queued_transfers_response'
  readonly transfers: readonly RequestedTransfer[]
}

export interface RequestedTransfer {
  readonly commandKey: string
  /** 1 not started, 2 in progress, 3 completed; null where unreadable. */
  readonly state: number | null
}

export function encodeGetQueuedTransfers(): Xml {
  return element('cwmp:GetQueuedTransfers')
}

export function decodeGetQueuedTransfersResponse(message: XmlElement, reading: Reading): GetQueuedTransfersResponse {
  const structs = readList(message, { list: 'TransferList', item: 'QueuedTransferStruct' }, reading)
  return {
    kind: 'get_queued_transfers_response',
    transfers: structs.map((struct) => ({
      commandKey: clip(textOf(struct, 'CommandKey'), 64),
      state: readUnsigned(textOf(struct, 'State'), reading),
    })),
  }
}
