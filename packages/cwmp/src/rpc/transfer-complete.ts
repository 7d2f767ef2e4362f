/** TR-069 A.3.3.2. */
export interface TransferComplete {
  readonly kind: 'transfer_complete'
  /** May be empty although Download carried one (seen in the field). */
  readonly commandKey: string
  /** 0 is success; a missing FaultStruct counts as 0. */
  readonly faultCode: number
  readonly faultString: string
  readonly startTime: string | null
  readonly completeTime: string | null
}

export interface TransferCompleteResponse {
  readonly kind: 'transfer_complete_response'
}
