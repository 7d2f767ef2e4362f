export interface CancelTransfer {
  readonly kind: 'cancel_transfer'
  readonly commandKey: string
}

/** Also sent for a CommandKey the CPE does not know. Fault 9021: too late to cancel. */
export interface CancelTransferResponse {
  readonly kind: 'cancel_transfer_response'
}
