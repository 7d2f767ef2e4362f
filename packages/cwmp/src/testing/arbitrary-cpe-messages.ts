import fc from 'fast-check'

import { knownEventCodes, type CpeMessage } from '../index.ts'
import {
  duResult,
  fileType,
  fileTypeArgs,
  identity,
  name,
  operationFault,
  parameterValues,
  status,
  text,
  time,
  unsigned,
} from './arbitrary-parts.ts'

/** Every message a CPE may say, by kind: a kind without an entry does not compile. */
export const cpeMessages: {
  readonly [Kind in CpeMessage['kind']]: fc.Arbitrary<Extract<CpeMessage, { readonly kind: Kind }>>
} = {
  inform: fc.record({
    kind: fc.constant('inform' as const),
    deviceId: fc.record({
      manufacturer: identity,
      oui: fc.stringMatching(/^[0-9A-F]{6}$/),
      productClass: identity,
      serialNumber: identity.map((value) => `S${value}`.slice(0, 64).trim()),
    }),
    events: fc.array(fc.record({ code: fc.constantFrom(...knownEventCodes), commandKey: text(32) }), {
      minLength: 1,
      maxLength: 64,
    }),
    maxEnvelopes: unsigned,
    currentTime: time,
    retryCount: unsigned,
    parameters: parameterValues,
  }),
  transfer_complete: fc.record({
    kind: fc.constant('transfer_complete' as const),
    commandKey: text(32),
    ...operationFault,
    startTime: time,
    completeTime: time,
  }),
  get_rpc_methods: fc.constant({ kind: 'get_rpc_methods' }),
  autonomous_transfer_complete: fc.record({
    kind: fc.constant('autonomous_transfer_complete' as const),
    announceUrl: text(1024),
    transferUrl: text(1024),
    isDownload: fc.boolean(),
    fileType,
    fileSize: unsigned,
    targetFileName: text(256),
    ...operationFault,
    startTime: time,
    completeTime: time,
  }),
  request_download: fc.record({ kind: fc.constant('request_download' as const), fileType, fileTypeArgs }),
  du_state_change_complete: fc.record({
    kind: fc.constant('du_state_change_complete' as const),
    results: fc.array(duResult, { minLength: 1, maxLength: 4 }),
    commandKey: text(32),
  }),
  autonomous_du_state_change_complete: fc.record({
    kind: fc.constant('autonomous_du_state_change_complete' as const),
    results: fc.array(
      fc
        .tuple(duResult, fc.constantFrom('Install', 'Update', 'Uninstall'))
        .map(([result, operationPerformed]) => ({ ...result, operationPerformed })),
      { minLength: 1, maxLength: 4 },
    ),
  }),
  kicked: fc.record({
    kind: fc.constant('kicked' as const),
    command: text(32),
    referer: text(64),
    arg: text(256),
    next: text(1024),
  }),
  unknown_request: fc.record({
    kind: fc.constant('unknown_request' as const),
    method: fc.stringMatching(/^X_[0-9A-F]{6}_[A-Za-z][A-Za-z0-9_.-]{0,40}q$/),
  }),
  unknown_response: fc.record({
    kind: fc.constant('unknown_response' as const),
    method: fc.stringMatching(/^X_[0-9A-F]{6}_[A-Za-z][A-Za-z0-9_.-]{0,40}$/),
  }),
  get_rpc_methods_response: fc.record({
    kind: fc.constant('get_rpc_methods_response' as const),
    methods: fc.array(text(64), { minLength: 1, maxLength: 30 }),
  }),
  get_parameter_values_response: fc.record({
    kind: fc.constant('get_parameter_values_response' as const),
    parameters: parameterValues,
  }),
  set_parameter_values_response: fc.record({ kind: fc.constant('set_parameter_values_response' as const), status }),
  get_parameter_names_response: fc.record({
    kind: fc.constant('get_parameter_names_response' as const),
    parameters: fc.array(fc.record({ name, writable: fc.boolean() }), { maxLength: 8 }),
  }),
  get_parameter_attributes_response: fc.record({
    kind: fc.constant('get_parameter_attributes_response' as const),
    parameters: fc.array(
      fc.record({
        name,
        notification: fc.integer({ min: 0, max: 2 }),
        accessList: fc.constantFrom([], ['Subscriber']),
      }),
      { maxLength: 8 },
    ),
  }),
  set_parameter_attributes_response: fc.constant({ kind: 'set_parameter_attributes_response' }),
  add_object_response: fc.record({
    kind: fc.constant('add_object_response' as const),
    instanceNumber: unsigned.map((value) => Math.max(1, value)),
    status,
  }),
  delete_object_response: fc.record({ kind: fc.constant('delete_object_response' as const), status }),
  download_response: fc.record({
    kind: fc.constant('download_response' as const),
    status,
    startTime: time,
    completeTime: time,
  }),
  upload_response: fc.record({
    kind: fc.constant('upload_response' as const),
    status,
    startTime: time,
    completeTime: time,
  }),
  schedule_download_response: fc.constant({ kind: 'schedule_download_response' }),
  schedule_inform_response: fc.constant({ kind: 'schedule_inform_response' }),
  cancel_transfer_response: fc.constant({ kind: 'cancel_transfer_response' }),
  reboot_response: fc.constant({ kind: 'reboot_response' }),
  factory_reset_response: fc.constant({ kind: 'factory_reset_response' }),
  change_du_state_response: fc.constant({ kind: 'change_du_state_response' }),
  set_vouchers_response: fc.constant({ kind: 'set_vouchers_response' }),
  get_queued_transfers_response: fc.record({
    kind: fc.constant('get_queued_transfers_response' as const),
    transfers: fc.array(fc.record({ commandKey: text(32), state: fc.constantFrom(1, 2, 3) }), { maxLength: 16 }),
  }),
  get_all_queued_transfers_response: fc.record({
    kind: fc.constant('get_all_queued_transfers_response' as const),
    transfers: fc.array(
      fc.record({
        commandKey: text(32),
        state: fc.constantFrom(1, 2, 3),
        isDownload: fc.boolean(),
        fileType,
        fileSize: unsigned,
        targetFileName: text(256),
      }),
      { maxLength: 16 },
    ),
  }),
  get_options_response: fc.record({
    kind: fc.constant('get_options_response' as const),
    options: fc.array(
      fc.record({
        name: text(64),
        voucherSerialNumber: unsigned,
        state: fc.integer({ min: 0, max: 3 }),
        mode: fc.integer({ min: 0, max: 2 }),
        startDate: time,
        expirationDate: time,
        isTransferable: fc.boolean(),
      }),
      { maxLength: 8 },
    ),
  }),
  fault: fc.record({
    kind: fc.constant('fault' as const),
    code: fc.oneof(fc.integer({ min: 9000, max: 9012 }), fc.integer({ min: 9800, max: 9899 })),
    text: text(255).map((value) => `f${value}`),
    parameterFaults: fc.array(
      fc.record({ name, code: fc.constantFrom(9001, 9005, 9006, 9007, 9008), text: text(256) }),
      { maxLength: 4 },
    ),
  }),
}
