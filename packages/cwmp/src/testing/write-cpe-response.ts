import { rpcNameOf, type CpeFault, type CpeResponse } from '../index.ts'
import { element, type Xml } from '../xml-writer.ts'
import { array, known, parameterList, texts, time } from './write-cpe-parts.ts'

/** What a CPE answers. */
export function writeCpeResponse(message: CpeResponse | CpeFault): Xml {
  return message.kind === 'fault' ? writeFault(message) : element(`cwmp:${rpcNameOf(message)}`, argumentsOf(message))
}

function argumentsOf(message: CpeResponse): readonly Xml[] {
  switch (message.kind) {
    case 'get_rpc_methods_response':
      return [
        array(
          'MethodList',
          'xsd:string',
          message.methods.map((method) => element('string', method)),
        ),
      ]
    case 'get_parameter_values_response':
      return [parameterList(message.parameters)]
    case 'get_parameter_names_response':
      return [
        array(
          'ParameterList',
          'cwmp:ParameterInfoStruct',
          message.parameters.map(({ name, writable }) =>
            element('ParameterInfoStruct', texts({ Name: name, Writable: String(writable) })),
          ),
        ),
      ]
    case 'get_parameter_attributes_response':
      return [
        array(
          'ParameterList',
          'cwmp:ParameterAttributeStruct',
          message.parameters.map(({ name, notification, accessList }) =>
            element('ParameterAttributeStruct', [
              ...texts({ Name: name, Notification: known(notification) }),
              array(
                'AccessList',
                'xsd:string',
                accessList.map((entity) => element('string', entity)),
              ),
            ]),
          ),
        ),
      ]
    case 'set_parameter_values_response':
    case 'delete_object_response':
      return texts({ Status: message.status })
    case 'add_object_response':
      return texts({ InstanceNumber: known(message.instanceNumber), Status: message.status })
    case 'download_response':
    case 'upload_response':
      return texts({
        Status: message.status,
        StartTime: time(message.startTime),
        CompleteTime: time(message.completeTime),
      })
    case 'get_queued_transfers_response':
      return [
        array(
          'TransferList',
          'cwmp:QueuedTransferStruct',
          message.transfers.map(({ commandKey, state }) =>
            element('QueuedTransferStruct', texts({ CommandKey: commandKey, State: known(state) })),
          ),
        ),
      ]
    case 'get_all_queued_transfers_response':
      return [
        array(
          'TransferList',
          'cwmp:AllQueuedTransferStruct',
          message.transfers.map((transfer) =>
            element(
              'AllQueuedTransferStruct',
              texts({
                CommandKey: transfer.commandKey,
                State: known(transfer.state),
                IsDownload: String(transfer.isDownload),
                FileType: transfer.fileType,
                FileSize: known(transfer.fileSize),
                TargetFileName: transfer.targetFileName,
              }),
            ),
          ),
        ),
      ]
    case 'get_options_response':
      return [
        array(
          'OptionList',
          'cwmp:OptionStruct',
          message.options.map((option) =>
            element(
              'OptionStruct',
              texts({
                OptionName: option.name,
                VoucherSN: known(option.voucherSerialNumber),
                State: known(option.state),
                Mode: known(option.mode),
                StartDate: time(option.startDate),
                ExpirationDate: time(option.expirationDate),
                IsTransferable: option.isTransferable ? 1 : 0,
              }),
            ),
          ),
        ),
      ]
    case 'set_parameter_attributes_response':
    case 'schedule_download_response':
    case 'schedule_inform_response':
    case 'cancel_transfer_response':
    case 'reboot_response':
    case 'factory_reset_response':
    case 'change_du_state_response':
    case 'set_vouchers_response':
    case 'unknown_response':
      return []
  }
}

function writeFault(message: CpeFault): Xml {
  return element('soap-env:Fault', [
    ...texts({ faultcode: 'Client', faultstring: 'CWMP fault' }),
    element('detail', [
      element('cwmp:Fault', [
        ...texts({ FaultCode: message.code, FaultString: message.text }),
        ...message.parameterFaults.map(({ name, code, text }) =>
          element('SetParameterValuesFault', texts({ ParameterName: name, FaultCode: code, FaultString: text })),
        ),
      ]),
    ]),
  ])
}
