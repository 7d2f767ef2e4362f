export { CwmpError, type CwmpErrorCode } from './cwmp-error.ts'
export { decodePost, defaultLimits } from './decode-post.ts'
export { faultCodes, type FaultCodeEntry } from './fault-codes.ts'
export { encodeEnvelope, type OutgoingEnvelope } from './encode-envelope.ts'
export type {
  AcsMessage,
  AcsRequest,
  AcsResponse,
  CpeMessage,
  CpeRequest,
  CpeResponse,
  CwmpVersion,
  DecodedPost,
  DecodeLimits,
  Envelope,
  MalformedCode,
  UnknownRequest,
  UnknownResponse,
  Warning,
  WarningCode,
} from './message.ts'
export type { CancelTransfer, CancelTransferResponse } from './rpc/cancel-transfer.ts'
export type { Download, DownloadArgumentSet, DownloadResponse } from './rpc/download.ts'
export type { AcsFault, AcsFaultCode, CpeFault, ParameterFault } from './rpc/fault.ts'
export type {
  GetAllQueuedTransfers,
  GetAllQueuedTransfersResponse,
  QueuedTransfer,
} from './rpc/get-all-queued-transfers.ts'
export type { GetParameterValues, GetParameterValuesResponse } from './rpc/get-parameter-values.ts'
export type { GetRpcMethods, GetRpcMethodsResponse } from './rpc/get-rpc-methods.ts'
export type { DeviceId, Inform, InformEvent, InformResponse } from './rpc/inform.ts'
export type { ParameterValue } from './rpc/parameter-list.ts'
export type { Reboot, RebootResponse } from './rpc/reboot.ts'
export type { ScheduleInform, ScheduleInformResponse } from './rpc/schedule-inform.ts'
export type { ParameterToSet, SetParameterValues, SetParameterValuesResponse } from './rpc/set-parameter-values.ts'
export type { TransferComplete, TransferCompleteResponse } from './rpc/transfer-complete.ts'
export { isCpeRequest, rpcNameOf } from './rpc-name.ts'
export { knownEventCodes } from './event-codes.ts'
