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
  Repairs,
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
export type {
  ParameterToSet,
  ParameterType,
  SetParameterValues,
  SetParameterValuesResponse,
} from './rpc/set-parameter-values.ts'
export type { TransferComplete, TransferCompleteResponse } from './rpc/transfer-complete.ts'
export type { AddObject, AddObjectResponse } from './rpc/add-object.ts'
export type { DeleteObject, DeleteObjectResponse } from './rpc/delete-object.ts'
export type { FactoryReset, FactoryResetResponse } from './rpc/factory-reset.ts'
export type { ScheduleDownload, ScheduleDownloadResponse, TimeWindow } from './rpc/schedule-download.ts'
export type { Upload, UploadResponse } from './rpc/upload.ts'
export type { GetQueuedTransfers, GetQueuedTransfersResponse, RequestedTransfer } from './rpc/get-queued-transfers.ts'
export type {
  ChangeDuState,
  ChangeDuStateResponse,
  DuInstall,
  DuOperation,
  DuUninstall,
  DuUpdate,
} from './rpc/change-du-state.ts'
export type { CpeOption, GetOptions, GetOptionsResponse } from './rpc/get-options.ts'
export type { SetVouchers, SetVouchersResponse } from './rpc/set-vouchers.ts'
export type { GetParameterNames, GetParameterNamesResponse, ParameterInfo } from './rpc/get-parameter-names.ts'
export type {
  GetParameterAttributes,
  GetParameterAttributesResponse,
  ParameterAttributes,
} from './rpc/get-parameter-attributes.ts'
export type {
  AttributesToSet,
  SetParameterAttributes,
  SetParameterAttributesResponse,
} from './rpc/set-parameter-attributes.ts'
export type {
  AutonomousTransferComplete,
  AutonomousTransferCompleteResponse,
} from './rpc/autonomous-transfer-complete.ts'
export type { FileTypeArg, RequestDownload, RequestDownloadResponse } from './rpc/request-download.ts'
export type { DuStateChangeComplete, DuStateChangeCompleteResponse } from './rpc/du-state-change-complete.ts'
export type {
  AutonomousDuResult,
  AutonomousDuStateChangeComplete,
  AutonomousDuStateChangeCompleteResponse,
} from './rpc/autonomous-du-state-change-complete.ts'
export type { Kicked, KickedResponse } from './rpc/kicked.ts'
export type { DuResult } from './rpc/du-result.ts'
export type { OperationFault } from './rpc/operation-fault.ts'
export { isCpeRequest, rpcNameOf } from './rpc-name.ts'
export { instanceAliasesIn, requestedAlias } from './instance-alias.ts'
export { namespaceOf, negotiateVersion, type Negotiation, type ProtocolVersion } from './negotiate-version.ts'
export { rpcSince } from './rpc-since.ts'
export { knownEventCodes } from './event-codes.ts'
