import type { CpeMessage } from './message.ts'
import { clip, type Reading } from './reading.ts'
import { decodeCancelTransferResponse } from './rpc/cancel-transfer.ts'
import { decodeDownloadResponse } from './rpc/download.ts'
import { decodeFault } from './rpc/fault.ts'
import { decodeGetAllQueuedTransfersResponse } from './rpc/get-all-queued-transfers.ts'
import { decodeGetParameterValuesResponse } from './rpc/get-parameter-values.ts'
import { decodeGetRpcMethods } from './rpc/get-rpc-methods.ts'
import { decodeInform } from './rpc/inform.ts'
import { decodeRebootResponse } from './rpc/reboot.ts'
import { decodeScheduleInformResponse } from './rpc/schedule-inform.ts'
import { decodeSetParameterValuesResponse } from './rpc/set-parameter-values.ts'
import { decodeTransferComplete } from './rpc/transfer-complete.ts'
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
