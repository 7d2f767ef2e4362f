import type { AcsFaultCode, AcsMessage, AttributesToSet, DuOperation, ParameterToSet } from '../index.ts'
import { attributeEndingWith } from '../rpc/list.ts'
import { childOf, textOf, type XmlElement } from '../xml-element.ts'
import { readDocument } from './read-document.ts'

/** What a CPE makes of an envelope of ours: strictly, so that a departure from the schema is a throw. */
export function readAcsEnvelope(text: string): { id: string | null; message: AcsMessage } {
  const envelope = readDocument(text)
  const [message, ...others] = childOf(envelope, 'Body')?.children ?? []
  if (message === undefined || others.length > 0) throw new Error('not one message')
  const id = childOf(childOf(envelope, 'Header'), 'ID')
  return { id: id?.text ?? null, message: readMessage(message) }
}

function readMessage(message: XmlElement): AcsMessage {
  const reader = readers.get(message.name)
  if (reader === undefined) throw new Error(`no such method: ${message.name}`)
  return reader(message)
}

const readers: ReadonlyMap<string, (message: XmlElement) => AcsMessage> = new Map<
  string,
  (message: XmlElement) => AcsMessage
>([
  ['InformResponse', () => ({ kind: 'inform_response' })],
  ['TransferCompleteResponse', () => ({ kind: 'transfer_complete_response' })],
  ['AutonomousTransferCompleteResponse', () => ({ kind: 'autonomous_transfer_complete_response' })],
  ['RequestDownloadResponse', () => ({ kind: 'request_download_response' })],
  ['DUStateChangeCompleteResponse', () => ({ kind: 'du_state_change_complete_response' })],
  ['AutonomousDUStateChangeCompleteResponse', () => ({ kind: 'autonomous_du_state_change_complete_response' })],
  ['KickedResponse', (m) => ({ kind: 'kicked_response', nextUrl: text(m, 'NextURL') })],
  ['GetRPCMethodsResponse', (m) => ({ kind: 'get_rpc_methods_response', methods: strings(m, 'MethodList') })],
  ['GetRPCMethods', () => ({ kind: 'get_rpc_methods' })],
  ['GetParameterValues', (m) => ({ kind: 'get_parameter_values', names: strings(m, 'ParameterNames') })],
  ['GetParameterAttributes', (m) => ({ kind: 'get_parameter_attributes', names: strings(m, 'ParameterNames') })],
  [
    'GetParameterNames',
    (m) => ({ kind: 'get_parameter_names', path: text(m, 'ParameterPath'), nextLevel: bit(m, 'NextLevel') }),
  ],
  [
    'SetParameterValues',
    (m) => ({
      kind: 'set_parameter_values',
      parameters: items(m, 'ParameterList').map(readParameterToSet),
      parameterKey: text(m, 'ParameterKey'),
    }),
  ],
  [
    'SetParameterAttributes',
    (m) => ({ kind: 'set_parameter_attributes', parameters: items(m, 'ParameterList').map(readAttributesToSet) }),
  ],
  [
    'AddObject',
    (m) => ({ kind: 'add_object', objectName: text(m, 'ObjectName'), parameterKey: text(m, 'ParameterKey') }),
  ],
  [
    'DeleteObject',
    (m) => ({ kind: 'delete_object', objectName: text(m, 'ObjectName'), parameterKey: text(m, 'ParameterKey') }),
  ],
  ['Download', readDownload],
  [
    'ScheduleDownload',
    (m) => ({
      kind: 'schedule_download',
      ...file(m),
      fileSize: number(m, 'FileSize'),
      targetFileName: text(m, 'TargetFileName'),
      windows: items(m, 'TimeWindowList').map((window) => ({
        start: number(window, 'WindowStart'),
        end: number(window, 'WindowEnd'),
        mode: text(window, 'WindowMode'),
        userMessage: text(window, 'UserMessage'),
        maxRetries: number(window, 'MaxRetries'),
      })),
    }),
  ],
  ['Upload', (m) => ({ kind: 'upload', ...file(m), delaySeconds: number(m, 'DelaySeconds') })],
  [
    'ScheduleInform',
    (m) => ({
      kind: 'schedule_inform',
      delaySeconds: number(m, 'DelaySeconds'),
      commandKey: text(m, 'CommandKey'),
    }),
  ],
  ['CancelTransfer', (m) => ({ kind: 'cancel_transfer', commandKey: text(m, 'CommandKey') })],
  ['Reboot', (m) => ({ kind: 'reboot', commandKey: text(m, 'CommandKey') })],
  ['FactoryReset', () => ({ kind: 'factory_reset' })],
  ['GetQueuedTransfers', () => ({ kind: 'get_queued_transfers' })],
  ['GetAllQueuedTransfers', () => ({ kind: 'get_all_queued_transfers' })],
  [
    'ChangeDUState',
    (m) => ({
      kind: 'change_du_state',
      commandKey: text(m, 'CommandKey'),
      operations: m.children.filter((child) => child.name === 'Operations').map(readOperation),
    }),
  ],
  ['GetOptions', (m) => ({ kind: 'get_options', optionName: text(m, 'OptionName') })],
  ['SetVouchers', (m) => ({ kind: 'set_vouchers', vouchers: strings(m, 'VoucherList') })],
  ['Fault', readFault],
])

function readDownload(m: XmlElement): AcsMessage {
  if (childOf(m, 'Username') === undefined) {
    const what = { commandKey: text(m, 'CommandKey'), fileType: text(m, 'FileType'), url: text(m, 'URL') }
    return { kind: 'download', ...what, delaySeconds: number(m, 'DelaySeconds'), argumentSet: 'minimal' }
  }
  return {
    kind: 'download',
    ...file(m),
    fileSize: number(m, 'FileSize'),
    targetFileName: text(m, 'TargetFileName'),
    delaySeconds: number(m, 'DelaySeconds'),
    successUrl: text(m, 'SuccessURL'),
    failureUrl: text(m, 'FailureURL'),
    argumentSet: 'all',
  }
}

function file(m: XmlElement) {
  return {
    commandKey: text(m, 'CommandKey'),
    fileType: text(m, 'FileType'),
    url: text(m, 'URL'),
    username: text(m, 'Username'),
    password: text(m, 'Password'),
  }
}

function readParameterToSet(struct: XmlElement): ParameterToSet {
  const value = childOf(struct, 'Value')
  const type = typeOf(value)
  return { name: text(struct, 'Name'), value: value?.text ?? '', type: type as ParameterToSet['type'] }
}

function readAttributesToSet(struct: XmlElement): AttributesToSet {
  return {
    name: text(struct, 'Name'),
    notification: bit(struct, 'NotificationChange') ? number(struct, 'Notification') : null,
    accessList: bit(struct, 'AccessListChange') ? strings(struct, 'AccessList') : null,
  }
}

const operationKinds: Readonly<Record<string, DuOperation['kind']>> = {
  InstallOpStruct: 'install',
  UpdateOpStruct: 'update',
  UninstallOpStruct: 'uninstall',
}

const operationFields: Readonly<Record<string, string>> = {
  URL: 'url',
  UUID: 'uuid',
  Version: 'version',
  Username: 'username',
  Password: 'password',
  ExecutionEnvRef: 'executionEnvRef',
}

function readOperation(operation: XmlElement): DuOperation {
  const kind = operationKinds[typeOf(operation)]
  const fields = operation.children.map((child) => [operationFields[child.name], child.text])
  return { kind, ...Object.fromEntries(fields) } as DuOperation
}

function readFault(m: XmlElement): AcsMessage {
  const fault = childOf(childOf(m, 'detail'), 'Fault')
  if (fault === undefined) throw new Error('a fault without detail')
  return {
    kind: 'acs_fault',
    code: number(fault, 'FaultCode') as AcsFaultCode,
    text: text(fault, 'FaultString'),
  }
}

function text(parent: XmlElement, name: string): string {
  if (childOf(parent, name) === undefined) throw new Error(`${parent.name} lacks ${name}`)
  return textOf(parent, name)
}

function number(parent: XmlElement, name: string): number {
  const value = Number(text(parent, name))
  if (!Number.isInteger(value)) throw new Error(`${name} is no number`)
  return value
}

/** Strictly 0 or 1: there are CPE that know no other booleans. */
function bit(parent: XmlElement, name: string): boolean {
  const value = text(parent, name)
  if (value !== '0' && value !== '1') throw new Error(`${name} is ${value}`)
  return value === '1'
}

function strings(parent: XmlElement, name: string): readonly string[] {
  return items(parent, name).map((item) => item.text)
}

function items(parent: XmlElement, name: string): readonly XmlElement[] {
  const list = childOf(parent, name)
  if (list === undefined) throw new Error(`${parent.name} lacks ${name}`)
  const announced = /\[([0-9]+)\]$/.exec(attributeEndingWith(list, 'arrayType') ?? '')?.[1]
  if (Number(announced) !== list.children.length) throw new Error(`${name} announces ${announced}`)
  return list.children
}

function typeOf(element: XmlElement | undefined): string {
  return (element === undefined ? '' : (attributeEndingWith(element, 'type') ?? '')).replace(/^[\w-]+:/, '')
}
