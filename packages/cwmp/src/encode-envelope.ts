import type { AcsMessage, CwmpVersion } from './message.ts'
import { encodeAddObject } from './rpc/add-object.ts'
import { encodeAutonomousDuStateChangeCompleteResponse } from './rpc/autonomous-du-state-change-complete.ts'
import { encodeAutonomousTransferCompleteResponse } from './rpc/autonomous-transfer-complete.ts'
import { encodeCancelTransfer } from './rpc/cancel-transfer.ts'
import { encodeChangeDuState } from './rpc/change-du-state.ts'
import { encodeDeleteObject } from './rpc/delete-object.ts'
import { encodeDownload } from './rpc/download.ts'
import { encodeDuStateChangeCompleteResponse } from './rpc/du-state-change-complete.ts'
import { encodeFactoryReset } from './rpc/factory-reset.ts'
import { encodeFault } from './rpc/fault.ts'
import { encodeGetAllQueuedTransfers } from './rpc/get-all-queued-transfers.ts'
import { encodeGetOptions } from './rpc/get-options.ts'
import { encodeGetParameterAttributes } from './rpc/get-parameter-attributes.ts'
import { encodeGetParameterNames } from './rpc/get-parameter-names.ts'
import { encodeGetParameterValues } from './rpc/get-parameter-values.ts'
import { encodeGetQueuedTransfers } from './rpc/get-queued-transfers.ts'
import { encodeGetRpcMethods, encodeGetRpcMethodsResponse } from './rpc/get-rpc-methods.ts'
import { encodeInformResponse } from './rpc/inform.ts'
import { encodeKickedResponse } from './rpc/kicked.ts'
import { encodeReboot } from './rpc/reboot.ts'
import { encodeRequestDownloadResponse } from './rpc/request-download.ts'
import { encodeScheduleDownload } from './rpc/schedule-download.ts'
import { encodeScheduleInform } from './rpc/schedule-inform.ts'
import { encodeSetParameterAttributes } from './rpc/set-parameter-attributes.ts'
import { encodeSetParameterValues } from './rpc/set-parameter-values.ts'
import { encodeSetVouchers } from './rpc/set-vouchers.ts'
import { encodeTransferCompleteResponse } from './rpc/transfer-complete.ts'
import { encodeUpload } from './rpc/upload.ts'
import { element, type Xml } from './xml-writer.ts'

export interface OutgoingEnvelope {
  /** null: no cwmp:ID header is written. */
  readonly id: string | null
  readonly cwmpVersion: CwmpVersion
  readonly message: AcsMessage
  /** Header UseCWMPVersion of an InformResponse (TR-069 3.5); only for CPE that sent SupportedCWMPVersions. */
  readonly useCwmpVersion?: string
  /** Some models cannot read a reply without an XML declaration, others none with one. Default false. */
  readonly xmlDeclaration?: boolean
  /** Of the SOAP envelope; there are CPE that compare the text. Default `soap-env`. */
  readonly soapPrefix?: string
}

/**
 * The SOAP text of one message, to be sent as UTF-8. The prefix is `cwmp:` and arguments have none,
 * because there are CPE that compare the text. HoldRequests is deprecated and never sent.
 */
export function encodeEnvelope(envelope: OutgoingEnvelope): string {
  const { soapPrefix: soap = 'soap-env' } = envelope
  const header = headersOf(envelope, soap)
  const { xml } = element(
    `${soap}:Envelope`,
    [
      ...(header.length === 0 ? [] : [element(`${soap}:Header`, header)]),
      element(`${soap}:Body`, [encode(envelope.message, soap)]),
    ],
    {
      [`xmlns:${soap}`]: 'http://schemas.xmlsoap.org/soap/envelope/',
      'xmlns:soap-enc': 'http://schemas.xmlsoap.org/soap/encoding/',
      'xmlns:xsd': 'http://www.w3.org/2001/XMLSchema',
      'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
      'xmlns:cwmp': `urn:dslforum-org:cwmp-${envelope.cwmpVersion.replace('.', '-')}`,
    },
  )
  return envelope.xmlDeclaration === true ? `<?xml version="1.0" encoding="UTF-8"?>\n${xml}` : xml
}

function headersOf({ id, useCwmpVersion }: OutgoingEnvelope, soap: string): readonly Xml[] {
  const understood = { [`${soap}:mustUnderstand`]: '1' }
  return [
    ...(id === null ? [] : [element('cwmp:ID', id, understood)]),
    ...(useCwmpVersion === undefined ? [] : [element('cwmp:UseCWMPVersion', useCwmpVersion, understood)]),
  ]
}

function encode(message: AcsMessage, soap: string): Xml {
  switch (message.kind) {
    case 'inform_response':
      return encodeInformResponse()
    case 'transfer_complete_response':
      return encodeTransferCompleteResponse()
    case 'get_rpc_methods_response':
      return encodeGetRpcMethodsResponse(message)
    case 'get_parameter_values':
      return encodeGetParameterValues(message)
    case 'set_parameter_values':
      return encodeSetParameterValues(message)
    case 'download':
      return encodeDownload(message)
    case 'schedule_inform':
      return encodeScheduleInform(message)
    case 'get_all_queued_transfers':
      return encodeGetAllQueuedTransfers()
    case 'cancel_transfer':
      return encodeCancelTransfer(message)
    case 'reboot':
      return encodeReboot(message)
    case 'get_rpc_methods':
      return encodeGetRpcMethods()
    case 'add_object':
      return encodeAddObject(message)
    case 'delete_object':
      return encodeDeleteObject(message)
    case 'factory_reset':
      return encodeFactoryReset()
    case 'schedule_download':
      return encodeScheduleDownload(message)
    case 'upload':
      return encodeUpload(message)
    case 'get_queued_transfers':
      return encodeGetQueuedTransfers()
    case 'change_du_state':
      return encodeChangeDuState(message)
    case 'get_options':
      return encodeGetOptions(message)
    case 'set_vouchers':
      return encodeSetVouchers(message)
    case 'get_parameter_names':
      return encodeGetParameterNames(message)
    case 'get_parameter_attributes':
      return encodeGetParameterAttributes(message)
    case 'set_parameter_attributes':
      return encodeSetParameterAttributes(message)
    case 'autonomous_transfer_complete_response':
      return encodeAutonomousTransferCompleteResponse()
    case 'request_download_response':
      return encodeRequestDownloadResponse()
    case 'du_state_change_complete_response':
      return encodeDuStateChangeCompleteResponse()
    case 'autonomous_du_state_change_complete_response':
      return encodeAutonomousDuStateChangeCompleteResponse()
    case 'kicked_response':
      return encodeKickedResponse(message)
    case 'acs_fault':
      return encodeFault(message, soap)
  }
}
