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
