import { textArgument } from '../argument.ts'
import { element, type Xml } from '../xml-writer.ts'

/** TR-069 A.4.1.9. */
export interface CancelTransfer {
  readonly kind: 'cancel_transfer'
  readonly commandKey: string
}

/** Also sent for a CommandKey the CPE does not know. Fault 9021: too late to cancel. */
export interface CancelTransferResponse {
  readonly kind: 'cancel_transfer_response'
}

export function encodeCancelTransfer(message: CancelTransfer): Xml {
  return element('cwmp:CancelTransfer', [textArgument('CommandKey', message.commandKey, 32)])
}

export function decodeCancelTransferResponse(): CancelTransferResponse {
  return { kind: 'cancel_transfer_response' }
}
