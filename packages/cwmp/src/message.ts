import type { AddObject, AddObjectResponse } from './rpc/add-object.ts'
import type {
  AutonomousDuStateChangeComplete,
  AutonomousDuStateChangeCompleteResponse,
} from './rpc/autonomous-du-state-change-complete.ts'
import type {
  AutonomousTransferComplete,
  AutonomousTransferCompleteResponse,
} from './rpc/autonomous-transfer-complete.ts'
import type { CancelTransfer, CancelTransferResponse } from './rpc/cancel-transfer.ts'
import type { ChangeDuState, ChangeDuStateResponse } from './rpc/change-du-state.ts'
import type { DeleteObject, DeleteObjectResponse } from './rpc/delete-object.ts'
import type { Download, DownloadResponse } from './rpc/download.ts'
import type { DuStateChangeComplete, DuStateChangeCompleteResponse } from './rpc/du-state-change-complete.ts'
import type { FactoryReset, FactoryResetResponse } from './rpc/factory-reset.ts'
import type { AcsFault, CpeFault } from './rpc/fault.ts'
import type { GetAllQueuedTransfers, GetAllQueuedTransfersResponse } from './rpc/get-all-queued-transfers.ts'
import type { GetOptions, GetOptionsResponse } from './rpc/get-options.ts'
import type { GetParameterAttributes, GetParameterAttributesResponse } from './rpc/get-parameter-attributes.ts'
import type { GetParameterNames, GetParameterNamesResponse } from './rpc/get-parameter-names.ts'
import type { GetParameterValues, GetParameterValuesResponse } from './rpc/get-parameter-values.ts'
import type { GetQueuedTransfers, GetQueuedTransfersResponse } from './rpc/get-queued-transfers.ts'
import type { GetRpcMethods, GetRpcMethodsResponse } from './rpc/get-rpc-methods.ts'
import type { Inform, InformResponse } from './rpc/inform.ts'
import type { Kicked, KickedResponse } from './rpc/kicked.ts'
import type { Reboot, RebootResponse } from './rpc/reboot.ts'
import type { RequestDownload, RequestDownloadResponse } from './rpc/request-download.ts'
import type { ScheduleDownload, ScheduleDownloadResponse } from './rpc/schedule-download.ts'
import type { ScheduleInform, ScheduleInformResponse } from './rpc/schedule-inform.ts'
import type { SetParameterAttributes, SetParameterAttributesResponse } from './rpc/set-parameter-attributes.ts'
import type { SetParameterValues, SetParameterValuesResponse } from './rpc/set-parameter-values.ts'
import type { SetVouchers, SetVouchersResponse } from './rpc/set-vouchers.ts'
import type { TransferComplete, TransferCompleteResponse } from './rpc/transfer-complete.ts'
import type { Upload, UploadResponse } from './rpc/upload.ts'

/** The wire namespaces that exist: `urn:dslforum-org:cwmp-1-0`, `-1-1` and `-1-2` (TR-069 A.6). */
export type CwmpVersion = '1.0' | '1.1' | '1.2'

/** A request this package does not read: the ACS answers it with fault 8000. */
export interface UnknownRequest {
  readonly kind: 'unknown_request'
  /** Local name of the element in the Body, at most 64 characters, letters, digits, `_`, `-` and `.`. */
  readonly method: string
}

/** A response to an RPC this package never sends. */
export interface UnknownResponse {
  readonly kind: 'unknown_response'
  /** The RPC it answers: the element's name without `Response`. */
  readonly method: string
}

export type CpeRequest =
  | Inform
  | TransferComplete
  | GetRpcMethods
  | AutonomousTransferComplete
  | RequestDownload
  | DuStateChangeComplete
  | AutonomousDuStateChangeComplete
  | Kicked
  | UnknownRequest

export type CpeResponse =
  | GetParameterValuesResponse
  | SetParameterValuesResponse
  | DownloadResponse
  | ScheduleInformResponse
  | GetAllQueuedTransfersResponse
  | CancelTransferResponse
  | RebootResponse
  | GetRpcMethodsResponse
  | AddObjectResponse
  | DeleteObjectResponse
  | FactoryResetResponse
  | ScheduleDownloadResponse
  | UploadResponse
  | GetQueuedTransfersResponse
  | ChangeDuStateResponse
  | GetOptionsResponse
  | SetVouchersResponse
  | GetParameterNamesResponse
  | GetParameterAttributesResponse
  | SetParameterAttributesResponse
  | UnknownResponse

/** What a CPE may say in one envelope. */
export type CpeMessage = CpeRequest | CpeResponse | CpeFault

export type AcsRequest =
  | GetParameterValues
  | SetParameterValues
  | Download
  | ScheduleInform
  | GetAllQueuedTransfers
  | CancelTransfer
  | Reboot
  | GetRpcMethods
  | AddObject
  | DeleteObject
  | FactoryReset
  | ScheduleDownload
  | Upload
  | GetQueuedTransfers
  | ChangeDuState
  | GetOptions
  | SetVouchers
  | GetParameterNames
  | GetParameterAttributes
  | SetParameterAttributes

export type AcsResponse =
  | InformResponse
  | TransferCompleteResponse
  | GetRpcMethodsResponse
  | AutonomousTransferCompleteResponse
  | RequestDownloadResponse
  | DuStateChangeCompleteResponse
  | AutonomousDuStateChangeCompleteResponse
  | KickedResponse

/** What an ACS may say in one envelope. */
export type AcsMessage = AcsRequest | AcsResponse | AcsFault

/** One decoded envelope of a CPE. */
export interface Envelope {
  /** cwmp:ID as sent; null where the header is missing or empty. Echo it, escaped, in the answer. */
  readonly id: string | null
  readonly cwmpVersion: CwmpVersion
  /** Seconds the CPE keeps a session open (header SessionTimeout, TR-069 3.5, CWMP 1.3 on). */
  readonly sessionTimeoutSeconds: number | null
  /** Header SupportedCWMPVersions, for example ['1.0', '1.4']; empty where it was not sent. */
  readonly supportedVersions: readonly string[]
  readonly body: CpeMessage
}

/** A departure from the specification that was tolerated. Codes are for counters and quirk reports. */
export interface Warning {
  readonly code: WarningCode
}

export type WarningCode =
  | 'ampersand_repaired'
  | 'array_count_wrong'
  | 'attribute_repeated'
  | 'boolean_unreadable'
  | 'charset_unknown'
  | 'control_characters_removed'
  | 'event_code_form'
  | 'event_unknown'
  | 'events_missing'
  | 'fault_detail_misplaced'
  | 'fault_without_detail'
  | 'id_missing'
  | 'instance_number_missing'
  | 'list_clipped'
  | 'list_item_name'
  | 'list_missing'
  | 'namespace_missing'
  | 'namespace_unknown'
  | 'number_unreadable'
  | 'oui_unusual'
  | 'parameter_list_missing'
  | 'retry_count_missing'
  | 'several_envelopes'
  | 'status_missing'
  | 'time_unreadable'
  | 'time_without_zone'
  | 'value_missing'

export type MalformedCode =
  | 'too_large'
  | 'charset_invalid'
  /** Readable once `repairs.controlCharacters` is allowed. */
  | 'control_characters'
  /** Readable once `repairs.ampersands` is allowed. */
  | 'raw_ampersand'
  | 'doctype'
  | 'not_well_formed'
  | 'too_deep'
  | 'too_many_elements'
  | 'too_many_envelopes'
  | 'not_an_envelope'
  | 'body_count'
  | 'method_count'
  | 'header_unreadable'
  | 'device_id'
  | 'too_many_events'

export type DecodedPost =
  | { readonly kind: 'empty' }
  | { readonly kind: 'envelopes'; readonly envelopes: readonly Envelope[]; readonly warnings: readonly Warning[] }
  /** Answer 400 without SOAP and end the session (TR-069 3.7.2.4). `detail` is safe to log. */
  | { readonly kind: 'malformed'; readonly code: MalformedCode; readonly detail: string }

/** Caps on what is read. Sizes in bytes. */
export interface DecodeLimits {
  readonly maxBytes: number
  readonly maxDepth: number
  /** Markup pieces: start tags, end tags, comments and CDATA sections together. */
  readonly maxMarkup: number
  readonly maxEnvelopes: number
  /** Both unless told. */
  readonly repairs?: Repairs
}

/** Departures from XML that a profile may allow a device it knows; each one used is a warning. */
export interface Repairs {
  /** Characters XML does not allow are removed. */
  readonly controlCharacters: boolean
  /** `&` that starts none of the references of XML stands for itself. */
  readonly ampersands: boolean
}
