import type { CpeMessage } from './message.ts'
import { clip, type Reading } from './reading.ts'
import { decodeAddObjectResponse } from './rpc/add-object.ts'
import { decodeAutonomousDuStateChangeComplete } from './rpc/autonomous-du-state-change-complete.ts'
import { decodeAutonomousTransferComplete } from './rpc/autonomous-transfer-complete.ts'
import { decodeCancelTransferResponse } from './rpc/cancel-transfer.ts'
import { decodeChangeDuStateResponse } from './rpc/change-du-state.ts'
import { decodeDeleteObjectResponse } from './rpc/delete-object.ts'
import { decodeDownloadResponse } from './rpc/download.ts'
import { decodeDuStateChangeComplete } from './rpc/du-state-change-complete.ts'
import { decodeFactoryResetResponse } from './rpc/factory-reset.ts'
import { decodeFault } from './rpc/fault.ts'
import { decodeGetAllQueuedTransfersResponse } from './rpc/get-all-queued-transfers.ts'
import { decodeGetOptionsResponse } from './rpc/get-options.ts'
import { decodeGetParameterAttributesResponse } from './rpc/get-parameter-attributes.ts'
import { decodeGetParameterNamesResponse } from './rpc/get-parameter-names.ts'
import { decodeGetParameterValuesResponse } from './rpc/get-parameter-values.ts'
import { decodeGetQueuedTransfersResponse } from './rpc/get-queued-transfers.ts'
import { decodeGetRpcMethods, decodeGetRpcMethodsResponse } from './rpc/get-rpc-methods.ts'
import { decodeInform } from './rpc/inform.ts'
import { decodeKicked } from './rpc/kicked.ts'
import { decodeRebootResponse } from './rpc/reboot.ts'
import { decodeRequestDownload } from './rpc/request-download.ts'
import { decodeScheduleDownloadResponse } from './rpc/schedule-download.ts'
import { decodeScheduleInformResponse } from './rpc/schedule-inform.ts'
import { decodeSetParameterAttributesResponse } from './rpc/set-parameter-attributes.ts'
import { decodeSetParameterValuesResponse } from './rpc/set-parameter-values.ts'
import { decodeSetVouchersResponse } from './rpc/set-vouchers.ts'
import { decodeTransferComplete } from './rpc/transfer-complete.ts'
import { decodeUploadResponse } from './rpc/upload.ts'
import type { XmlElement } from './xml-element.ts'

type Decoder = (message: XmlElement, reading: Reading) => CpeMessage

const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['Inform', decodeInform],
  ['TransferComplete', decodeTransferComplete],
  ['GetRPCMethods', decodeGetRpcMethods],
  ['GetParameterValuesResponse', decodeGetParameterValuesResponse],
  ['SetParameterValuesResponse', decodeSetParameterValuesResponse],
  ['DownloadResponse', decodeDownloadResponse],
  ['ScheduleInformResponse', decodeScheduleInformResponse],
  ['GetAllQueuedTransfersResponse', decodeGetAllQueuedTransfersResponse],
  ['CancelTransferResponse', decodeCancelTransferResponse],
  ['RebootResponse', decodeRebootResponse],
  ['AutonomousTransferComplete', decodeAutonomousTransferComplete],
  ['RequestDownload', decodeRequestDownload],
  ['DUStateChangeComplete', decodeDuStateChangeComplete],
  ['AutonomousDUStateChangeComplete', decodeAutonomousDuStateChangeComplete],
  ['Kicked', decodeKicked],
  ['GetRPCMethodsResponse', decodeGetRpcMethodsResponse],
  ['AddObjectResponse', decodeAddObjectResponse],
  ['DeleteObjectResponse', decodeDeleteObjectResponse],
  ['FactoryResetResponse', decodeFactoryResetResponse],
  ['ScheduleDownloadResponse', decodeScheduleDownloadResponse],
  ['UploadResponse', decodeUploadResponse],
  ['GetQueuedTransfersResponse', decodeGetQueuedTransfersResponse],
  ['ChangeDUStateResponse', decodeChangeDuStateResponse],
  ['GetOptionsResponse', decodeGetOptionsResponse],
  ['SetVouchersResponse', decodeSetVouchersResponse],
  ['GetParameterNamesResponse', decodeGetParameterNamesResponse],
  ['GetParameterAttributesResponse', decodeGetParameterAttributesResponse],
  ['SetParameterAttributesResponse', decodeSetParameterAttributesResponse],
  ['Fault', decodeFault],
])

/** The one message of a SOAP Body, by the local name of its element. */
export function decodeBody(message: XmlElement, reading: Reading): CpeMessage {
  const decoder = decoders.get(message.name)
  return decoder === undefined ? unknown(message.name) : decoder(message, reading)
}

function unknown(name: string): CpeMessage {
  const method = clip(name.replace(/[^A-Za-z0-9_.-]/g, ''), 64)
  return method.endsWith('Response')
    ? { kind: 'unknown_response', method: method.slice(0, -'Response'.length) }
    : { kind: 'unknown_request', method }
}
