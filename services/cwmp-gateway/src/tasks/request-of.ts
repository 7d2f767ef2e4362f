import type { DeviceCall } from '@sluice/contracts'
import type { AcsRequest, DownloadArgumentSet } from '@sluice/cwmp'

/** What an operator's call is on the wire. Arguments that were left out are those TR-069 has for "nothing". */
export function requestOf(call: DeviceCall, commandKey: string, argumentSet: DownloadArgumentSet): AcsRequest {
  switch (call.method) {
    case 'GetRPCMethods':
      return { kind: 'get_rpc_methods' }
    case 'GetParameterValues':
      return { kind: 'get_parameter_values', names: call.names }
    case 'SetParameterValues':
      return {
        kind: 'set_parameter_values',
        parameters: call.parameters,
        parameterKey: call.parameterKey ?? '',
      }
    case 'GetParameterNames':
      return { kind: 'get_parameter_names', path: call.path, nextLevel: call.nextLevel }
    case 'GetParameterAttributes':
      return { kind: 'get_parameter_attributes', names: call.names }
    case 'SetParameterAttributes': {
      const parameters = call.parameters.map(({ name, notification = null, accessList = null }) => ({
        name,
        notification,
        accessList,
      }))
      return { kind: 'set_parameter_attributes', parameters }
    }
    case 'AddObject':
      return { kind: 'add_object', objectName: call.objectName, parameterKey: call.parameterKey ?? '' }
    case 'DeleteObject':
      return { kind: 'delete_object', objectName: call.objectName, parameterKey: call.parameterKey ?? '' }
    case 'Reboot':
      return { kind: 'reboot', commandKey }
    case 'FactoryReset':
      return { kind: 'factory_reset' }
    case 'Download': {
      const { method: _, commandKey: __, delaySeconds = 0, ...rest } = call
      return { kind: 'download', ...rest, commandKey, delaySeconds, argumentSet }
    }
    case 'ScheduleDownload': {
      const { method: _, commandKey: __, windows, ...rest } = call
      return {
        kind: 'schedule_download',
        ...rest,
        commandKey,
        windows: windows.map(({ startSeconds, endSeconds, mode, userMessage = '', maxRetries }) => ({
          start: startSeconds,
          end: endSeconds,
          mode,
          userMessage,
          maxRetries,
        })),
      }
    }
    case 'CancelTransfer':
      return { kind: 'cancel_transfer', commandKey: call.commandKey }
    case 'Upload': {
      const { method: _, commandKey: __, url = '', delaySeconds = 0, ...rest } = call
      return { kind: 'upload', ...rest, commandKey, url, delaySeconds }
    }
    case 'ScheduleInform':
      return { kind: 'schedule_inform', commandKey, delaySeconds: call.delaySeconds }
    case 'GetQueuedTransfers':
      return { kind: 'get_queued_transfers' }
    case 'GetAllQueuedTransfers':
      return { kind: 'get_all_queued_transfers' }
    case 'ChangeDUState':
      return {
        kind: 'change_du_state',
        commandKey,
        operations: call.operations.map(({ operation: kind, ...rest }) => ({ kind, ...rest }) as never),
      }
    case 'GetOptions':
      return { kind: 'get_options', optionName: call.optionName }
    case 'SetVouchers':
      return { kind: 'set_vouchers', vouchers: call.vouchers }
  }
}
