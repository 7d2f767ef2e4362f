import Type, { type Static, type TObject, type TProperties } from 'typebox'
import { Count, FIRMWARE_EXCLUDED, Time, nullable } from './values.ts'

const Path = Type.String({ maxLength: 256 })
const ParameterKey = Type.Optional(Type.String({ maxLength: 32 }))
/** TR-069 A.3.2.8. Absent: the task's id, by which its TransferComplete is known. */
const CommandKey = Type.Optional(Type.String({ maxLength: 32 }))
const Url = Type.String({ minLength: 1, maxLength: 256 })
const Credential = Type.Optional(Type.String({ maxLength: 256 }))
/** Firmware goes by campaign alone, where it is verified and released: not `1 Firmware Upgrade Image`. */
const FileType = Type.String({ maxLength: 64, pattern: FIRMWARE_EXCLUDED })
const Seconds = Type.Integer({ minimum: 0, maximum: 4_294_967_295 })
const Uuid = Type.String({ maxLength: 36 })
const Version = Type.String({ maxLength: 32 })

function call<M extends string, P extends TProperties>(method: M, properties: P) {
  return Type.Object({ method: Type.Literal(method), ...properties }, { additionalProperties: false })
}

export const ParameterType = Type.Enum([
  'string',
  'int',
  'unsignedInt',
  'long',
  'unsignedLong',
  'boolean',
  'dateTime',
  'base64',
  'hexBinary',
])

const TimeWindow = Type.Object(
  {
    startSeconds: Seconds,
    endSeconds: Seconds,
    mode: Type.Union([
      Type.Literal('1 At Any Time'),
      Type.Literal('2 Immediately'),
      Type.Literal('3 When Idle'),
      Type.Literal('4 Confirmation Needed'),
    ]),
    userMessage: Type.Optional(Type.String({ maxLength: 256 })),
    maxRetries: Type.Integer({ minimum: -1, maximum: 100 }),
  },
  { additionalProperties: false },
)

const UnitOperation = Type.Union([
  Type.Object(
    {
      operation: Type.Literal('install'),
      url: Type.String({ maxLength: 1_024 }),
      uuid: Type.Optional(Uuid),
      username: Credential,
      password: Credential,
      executionEnvRef: Type.Optional(Path),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      operation: Type.Literal('update'),
      uuid: Uuid,
      version: Type.Optional(Version),
      url: Type.Optional(Type.String({ maxLength: 1_024 })),
      username: Credential,
      password: Credential,
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      operation: Type.Literal('uninstall'),
      uuid: Uuid,
      version: Type.Optional(Version),
      executionEnvRef: Type.Optional(Path),
    },
    { additionalProperties: false },
  ),
])

/** One RPC that an operator or an OSS asks of one device, by its name in TR-069 (A.3.2, A.4.1). */
export const DeviceCall = Type.Union([
  call('GetRPCMethods', {}),
  call('GetParameterValues', { names: Type.Array(Path, { minItems: 1, maxItems: 1_000 }) }),
  call('SetParameterValues', {
    parameters: Type.Array(
      Type.Object(
        { name: Path, value: Type.String({ maxLength: 16_384 }), type: ParameterType },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 256 },
    ),
    parameterKey: ParameterKey,
  }),
  call('GetParameterNames', { path: Path, nextLevel: Type.Boolean() }),
  call('GetParameterAttributes', { names: Type.Array(Path, { minItems: 1, maxItems: 1_000 }) }),
  call('SetParameterAttributes', {
    parameters: Type.Array(
      Type.Object(
        {
          name: Path,
          /** Absent: unchanged. */
          notification: Type.Optional(Type.Integer({ minimum: 0, maximum: 6 })),
          /** Absent: unchanged. */
          accessList: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 16 })),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 256 },
    ),
  }),
  call('AddObject', { objectName: Path, parameterKey: ParameterKey }),
  call('DeleteObject', { objectName: Path, parameterKey: ParameterKey }),
  call('Reboot', { commandKey: CommandKey }),
  call('FactoryReset', {}),
  call('Download', {
    commandKey: CommandKey,
    fileType: FileType,
    url: Url,
    username: Credential,
    password: Credential,
    fileSize: Type.Optional(Count),
    targetFileName: Type.Optional(Type.String({ maxLength: 256 })),
    delaySeconds: Type.Optional(Seconds),
    successUrl: Type.Optional(Type.String({ maxLength: 256 })),
    failureUrl: Type.Optional(Type.String({ maxLength: 256 })),
  }),
  call('ScheduleDownload', {
    commandKey: CommandKey,
    fileType: FileType,
    url: Url,
    username: Credential,
    password: Credential,
    fileSize: Type.Optional(Count),
    targetFileName: Type.Optional(Type.String({ maxLength: 256 })),
    windows: Type.Array(TimeWindow, { minItems: 1, maxItems: 2 }),
  }),
  call('CancelTransfer', { commandKey: Type.String({ minLength: 1, maxLength: 32 }) }),
  call('Upload', {
    commandKey: CommandKey,
    fileType: Type.String({ minLength: 1, maxLength: 64 }),
    /** Absent: to our file server, with credentials for this one upload. */
    url: Type.Optional(Url),
    username: Credential,
    password: Credential,
    delaySeconds: Type.Optional(Seconds),
  }),
  call('ScheduleInform', {
    commandKey: CommandKey,
    delaySeconds: Type.Integer({ minimum: 1, maximum: 4_294_967_295 }),
  }),
  call('GetQueuedTransfers', {}),
  call('GetAllQueuedTransfers', {}),
  call('ChangeDUState', {
    commandKey: CommandKey,
    operations: Type.Array(UnitOperation, { minItems: 1, maxItems: 16 }),
  }),
  call('GetOptions', { optionName: Type.String({ maxLength: 64 }) }),
  call('SetVouchers', { vouchers: Type.Array(Type.String({ maxLength: 65_536 }), { minItems: 1, maxItems: 8 }) }),
])
export type DeviceCall = Static<typeof DeviceCall>

/** Every method an operator may call. */
export const CALL_METHODS: readonly DeviceCall['method'][] = (
  DeviceCall as unknown as { readonly anyOf: readonly TObject[] }
).anyOf.map((one) => (one.properties['method'] as unknown as { readonly const: DeviceCall['method'] }).const)

const Fault = Type.Object({
  code: Type.Integer({ minimum: 0, maximum: 99_999 }),
  text: Type.String({ maxLength: 256 }),
  /** Which parameters, where SetParameterValues faulted (TR-069 A.3.2.1). */
  parameters: Type.Optional(
    Type.Array(Type.Object({ name: Path, code: Type.Integer(), text: Type.String({ maxLength: 256 }) }), {
      maxItems: 256,
    }),
  ),
})

/** How a transfer ended (TransferComplete, TR-069 A.3.3.2), or what each unit of a ChangeDUState came to. */
export const LateResult = Type.Union([
  Type.Object({
    kind: Type.Literal('transfer_complete'),
    fault: nullable(Fault),
    startTime: nullable(Time),
    completeTime: nullable(Time),
  }),
  Type.Object({
    kind: Type.Literal('du_state_change_complete'),
    results: Type.Array(Type.Unknown(), { maxItems: 64 }),
  }),
])
export type LateResult = Static<typeof LateResult>

/**
 * What the device answered. `response` holds the RPC's return values by their names in camelCase: for
 * GetParameterValues `{ parameters: [{ name, value, type }] }`, for AddObject `{ instanceNumber, status }`.
 */
export const CallResult = Type.Union([
  Type.Object({ kind: Type.Literal('response'), response: Type.Unknown() }),
  Type.Object({ kind: Type.Literal('fault'), fault: Fault }),
  /** The device went on, or away, without an answer: whether it did it is unknown. */
  Type.Object({ kind: Type.Literal('unanswered') }),
  /** Never sent: the gateway or the model's profile cannot do it. */
  Type.Object({ kind: Type.Literal('not_sent'), reason: Type.String({ maxLength: 256 }) }),
])
export type CallResult = Static<typeof CallResult>
