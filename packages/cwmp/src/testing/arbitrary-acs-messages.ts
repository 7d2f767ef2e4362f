import fc from 'fast-check'

import type { AcsMessage, DuOperation } from '../index.ts'
import { fileType, name, parametersToSet, path, text, unsigned, uploadType, uuid } from './arbitrary-parts.ts'

const file = {
  commandKey: text(32),
  fileType,
  url: text(256),
  username: text(256),
  password: text(256),
}

const operation: fc.Arbitrary<DuOperation> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('install' as const),
      url: text(1024),
      uuid,
      username: text(256),
      password: text(256),
      executionEnvRef: name,
    },
    { requiredKeys: ['kind', 'url'] },
  ),
  fc.record(
    {
      kind: fc.constant('update' as const),
      uuid,
      version: text(32),
      url: text(1024),
      username: text(256),
      password: text(256),
    },
    { requiredKeys: ['kind'] },
  ),
  fc.record(
    { kind: fc.constant('uninstall' as const), uuid, version: text(32), executionEnvRef: name },
    { requiredKeys: ['kind', 'uuid'] },
  ),
)

const window = fc.record({
  mode: fc.constantFrom('1 At Any Time', '3 When Idle', '4 Confirmation Needed', 'X 00D09E Night'),
  userMessage: text(256),
  maxRetries: fc.integer({ min: -1, max: 100 }),
})

/** One or two windows, in order and apart. */
const windows = fc
  .tuple(fc.array(window, { minLength: 1, maxLength: 2 }), fc.nat(1000), fc.integer({ min: 1, max: 1000 }))
  .map(([list, gap, length]) =>
    list.map((each, at) => ({ start: gap + at * (length + gap), end: gap + at * (length + gap) + length, ...each })),
  )

/** Every message an ACS may say, by kind: a kind without an entry does not compile. */
export const acsMessages: {
  readonly [Kind in AcsMessage['kind']]: fc.Arbitrary<Extract<AcsMessage, { readonly kind: Kind }>>
} = {
  inform_response: fc.constant({ kind: 'inform_response' }),
  transfer_complete_response: fc.constant({ kind: 'transfer_complete_response' }),
  autonomous_transfer_complete_response: fc.constant({ kind: 'autonomous_transfer_complete_response' }),
  request_download_response: fc.constant({ kind: 'request_download_response' }),
  du_state_change_complete_response: fc.constant({ kind: 'du_state_change_complete_response' }),
  autonomous_du_state_change_complete_response: fc.constant({ kind: 'autonomous_du_state_change_complete_response' }),
  kicked_response: fc.record({ kind: fc.constant('kicked_response' as const), nextUrl: text(1024) }),
  get_rpc_methods_response: fc.record({
    kind: fc.constant('get_rpc_methods_response' as const),
    methods: fc.array(text(64), { minLength: 1, maxLength: 30 }),
  }),
  get_rpc_methods: fc.constant({ kind: 'get_rpc_methods' }),
  get_parameter_values: fc.record({
    kind: fc.constant('get_parameter_values' as const),
    names: fc.array(name, { minLength: 1, maxLength: 8 }),
  }),
  get_parameter_names: fc.record({
    kind: fc.constant('get_parameter_names' as const),
    path: name,
    nextLevel: fc.boolean(),
  }),
  get_parameter_attributes: fc.record({
    kind: fc.constant('get_parameter_attributes' as const),
    names: fc.array(name, { minLength: 1, maxLength: 8 }),
  }),
  set_parameter_values: fc.record({
    kind: fc.constant('set_parameter_values' as const),
    parameters: parametersToSet,
    parameterKey: text(32),
  }),
  set_parameter_attributes: fc.record({
    kind: fc.constant('set_parameter_attributes' as const),
    parameters: fc.array(
      fc.record({
        name,
        notification: fc.option(fc.integer({ min: 0, max: 2 })),
        accessList: fc.option(fc.constantFrom([], ['Subscriber'])),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  }),
  add_object: fc.record({ kind: fc.constant('add_object' as const), objectName: path, parameterKey: text(32) }),
  delete_object: fc.record({ kind: fc.constant('delete_object' as const), objectName: path, parameterKey: text(32) }),
  download: fc.record({
    kind: fc.constant('download' as const),
    ...file,
    fileSize: unsigned,
    targetFileName: text(256),
    delaySeconds: unsigned,
    successUrl: text(256),
    failureUrl: text(256),
    argumentSet: fc.constant('all' as const),
  }),
  schedule_download: fc.record({
    kind: fc.constant('schedule_download' as const),
    ...file,
    fileSize: unsigned,
    targetFileName: text(256),
    windows,
  }),
  upload: fc.record({ kind: fc.constant('upload' as const), ...file, fileType: uploadType, delaySeconds: unsigned }),
  schedule_inform: fc.record({
    kind: fc.constant('schedule_inform' as const),
    delaySeconds: unsigned.map((value) => Math.max(1, value)),
    commandKey: text(32),
  }),
  cancel_transfer: fc.record({ kind: fc.constant('cancel_transfer' as const), commandKey: text(32) }),
  reboot: fc.record({ kind: fc.constant('reboot' as const), commandKey: text(32) }),
  factory_reset: fc.constant({ kind: 'factory_reset' }),
  get_queued_transfers: fc.constant({ kind: 'get_queued_transfers' }),
  get_all_queued_transfers: fc.constant({ kind: 'get_all_queued_transfers' }),
  change_du_state: fc.record({
    kind: fc.constant('change_du_state' as const),
    commandKey: text(32),
    operations: fc.array(operation, { minLength: 1, maxLength: 16 }),
  }),
  get_options: fc.record({ kind: fc.constant('get_options' as const), optionName: text(64) }),
  set_vouchers: fc.record({
    kind: fc.constant('set_vouchers' as const),
    vouchers: fc.array(fc.base64String({ maxLength: 200 }), { minLength: 1, maxLength: 4 }),
  }),
  acs_fault: fc.record({
    kind: fc.constant('acs_fault' as const),
    code: fc.constantFrom(8000, 8001, 8002, 8003, 8004, 8005, 8006),
    text: text(256),
  }),
}
