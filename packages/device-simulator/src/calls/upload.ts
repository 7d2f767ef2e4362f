import { ok, refuse, type Answered } from '../answered.ts'
import type { Cpe } from '../cpe.ts'
import type { XmlElement } from '../read-xml.ts'
import { tag, UNKNOWN_TIME } from '../write-soap.ts'
import { faultOfTransfer, readTransfer } from './read-transfer.ts'

const FILE_TYPES =
  /^(?:1 Vendor Configuration File|2 Vendor Log File|3 Vendor Configuration File \d+|4 Vendor Log File \d+|X [0-9A-Z_-]+ .+)$/

/** Sends the file after the session (TR-069 A.4.1.5). */
export function upload(cpe: Cpe, args: XmlElement): Answered {
  const transfer = readTransfer('Upload', args)
  const fault = FILE_TYPES.test(transfer.fileType) ? faultOfTransfer(cpe, transfer) : 9003
  if (fault !== undefined) return refuse(fault, 'The simulated device cannot do this upload')
  cpe.transfers.push(transfer)
  return ok('Upload', tag('Status', 1) + tag('StartTime', UNKNOWN_TIME) + tag('CompleteTime', UNKNOWN_TIME))
}
