import type { AcsMessage, CwmpVersion } from './message.ts'
import { encodeCancelTransfer } from './rpc/cancel-transfer.ts'
import { encodeDownload } from './rpc/download.ts'
import { encodeFault } from './rpc/fault.ts'
import { encodeGetAllQueuedTransfers } from './rpc/get-all-queued-transfers.ts'
import { encodeGetParameterValues } from './rpc/get-parameter-values.ts'
import { encodeGetRpcMethodsResponse } from './rpc/get-rpc-methods.ts'
import { encodeInformResponse } from './rpc/inform.ts'
import { encodeReboot } from './rpc/reboot.ts'
import { encodeScheduleInform } from './rpc/schedule-inform.ts'
import { encodeSetParameterValues } from './rpc/set-parameter-values.ts'
import { encodeTransferCompleteResponse } from './rpc/transfer-complete.ts'
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
}

/**
 * The SOAP text of one message, to be sent as UTF-8. The prefix is `cwmp:` and arguments have none,
 * because there are CPE that compare the text. HoldRequests is deprecated and never sent.
 */
export function encodeEnvelope(envelope: OutgoingEnvelope): string {
  const header = headersOf(envelope)
  const { xml } = element(
    'soap-env:Envelope',
    [
      ...(header.length === 0 ? [] : [element('soap-env:Header', header)]),
      element('soap-env:Body', [encode(envelope.message)]),
    ],
    {
      'xmlns:soap-env': 'http://schemas.xmlsoap.org/soap/envelope/',
      'xmlns:soap-enc': 'http://schemas.xmlsoap.org/soap/encoding/',
      'xmlns:xsd': 'http://www.w3.org/2001/XMLSchema',
      'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
      'xmlns:cwmp': `urn:dslforum-org:cwmp-${envelope.cwmpVersion.replace('.', '-')}`,
    },
  )
  return envelope.xmlDeclaration === true ? `<?xml version="1.0" encoding="UTF-8"?>\n${xml}` : xml
}

function headersOf({ id, useCwmpVersion }: OutgoingEnvelope): readonly Xml[] {
  const understood = { 'soap-env:mustUnderstand': '1' }
  return [
    ...(id === null ? [] : [element('cwmp:ID', id, understood)]),
    ...(useCwmpVersion === undefined ? [] : [element('cwmp:UseCWMPVersion', useCwmpVersion, understood)]),
  ]
}

function encode(message: AcsMessage): Xml {
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
    case 'acs_fault':
      return encodeFault(message)
  }
}
