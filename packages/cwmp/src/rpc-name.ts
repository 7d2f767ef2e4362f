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
  fault: 'Fault',
  acs_fault: 'Fault',
}

/** The message's name on the wire, for journals and logs. */
export function rpcNameOf(message: CpeMessage | AcsMessage): string {
  if (message.kind === 'unknown_request') return message.method
  return message.kind === 'unknown_response' ? `${message.method}Response` : names[message.kind]
}

/** Whether the CPE asks, and so must be answered before anything is asked of it (TR-069 3.7.2.3). */
export function isCpeRequest(message: CpeMessage): message is CpeRequest {
  return ['inform', 'transfer_complete', 'get_rpc_methods', 'unknown_request'].includes(message.kind)
}
