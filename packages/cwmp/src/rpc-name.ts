import type { AcsMessage, CpeMessage, CpeRequest } from './message.ts'

const names: Readonly<
  Record<Exclude<(CpeMessage | AcsMessage)['kind'], 'unknown_request' | 'unknown_response'>, string>
> = {
  inform: 'Inform',
  inform_response: 'InformResponse',
  transfer_complete: 'TransferComplete',
  transfer_complete_response: 'TransferCompleteResponse',
  get_rpc_methods: 'GetRPCMethods',
  get_rpc_methods_response: 'GetRPCMethodsResponse',
  get_parameter_values: 'GetParameterValues',
  get_parameter_values_response: 'GetParameterValuesResponse',
  set_parameter_values: 'SetParameterValues',
  set_parameter_values_response: 'SetParameterValuesResponse',
  download: 'Download',
  download_response: 'DownloadResponse',
  schedule_inform: 'ScheduleInform',
  schedule_inform_response: 'ScheduleInformResponse',
  get_all_queued_transfers: 'GetAllQueuedTransfers',
  get_all_queued_transfers_response: 'GetAllQueuedTransfersResponse',
  cancel_transfer: 'CancelTransfer',
  cancel_transfer_response: 'CancelTransferResponse',
  reboot: 'Reboot',
  reboot_response: 'RebootResponse',
  add_object: 'AddObject',
  add_object_response: 'AddObjectResponse',
  delete_object: 'DeleteObject',
  delete_object_response: 'DeleteObjectResponse',
  factory_reset: 'FactoryReset',
  factory_reset_response: 'FactoryResetResponse',
  schedule_download: 'ScheduleDownload',
  schedule_download_response: 'ScheduleDownloadResponse',
  upload: 'Upload',
  upload_response: 'UploadResponse',
  get_queued_transfers: 'GetQueuedTransfers',
  get_queued_transfers_response: 'GetQueuedTransfersResponse',
  change_du_state: 'ChangeDUState',
  change_du_state_response: 'ChangeDUStateResponse',
  get_options: 'GetOptions',
  get_options_response: 'GetOptionsResponse',
  set_vouchers: 'SetVouchers',
  set_vouchers_response: 'SetVouchersResponse',
  get_parameter_names: 'GetParameterNames',
  get_parameter_names_response: 'GetParameterNamesResponse',
  get_parameter_attributes: 'GetParameterAttributes',
  get_parameter_attributes_response: 'GetParameterAttributesResponse',
  set_parameter_attributes: 'SetParameterAttributes',
  set_parameter_attributes_response: 'SetParameterAttributesResponse',
  autonomous_transfer_complete: 'AutonomousTransferComplete',
  autonomous_transfer_complete_response: 'AutonomousTransferCompleteResponse',
  request_download: 'RequestDownload',
  request_download_response: 'RequestDownloadResponse',
  du_state_change_complete: 'DUStateChangeComplete',
  du_state_change_complete_response: 'DUStateChangeCompleteResponse',
  autonomous_du_state_change_complete: 'AutonomousDUStateChangeComplete',
  autonomous_du_state_change_complete_response: 'AutonomousDUStateChangeCompleteResponse',
  kicked: 'Kicked',
  kicked_response: 'KickedResponse',
  fault: 'Fault',
  acs_fault: 'Fault',
}

/** The message's name on the wire, for journals and logs. */
export function rpcNameOf(message: CpeMessage | AcsMessage): string {
  if (message.kind === 'unknown_request') return message.method
  return message.kind === 'unknown_response' ? `${message.method}Response` : names[message.kind]
}

const cpeRequests: ReadonlySet<string> = new Set<CpeRequest['kind']>([
  'inform',
  'transfer_complete',
  'get_rpc_methods',
  'autonomous_transfer_complete',
  'request_download',
  'du_state_change_complete',
  'autonomous_du_state_change_complete',
  'kicked',
  'unknown_request',
])

/** Whether the CPE asks, and so must be answered before anything is asked of it (TR-069 3.7.2.3). */
export function isCpeRequest(message: CpeMessage): message is CpeRequest {
  return cpeRequests.has(message.kind)
}
