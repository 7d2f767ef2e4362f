import { optionalTextArgument, textArgument } from '../argument.ts'
import { CwmpError } from '../cwmp-error.ts'
import { element, type Xml } from '../xml-writer.ts'

/** TR-069 A.4.1.10: installs, updates and uninstalls software modules (deployment units). */
export interface ChangeDuState {
  readonly kind: 'change_du_state'
  /** At most 32 characters; may be empty. */
  readonly commandKey: string
  /** At least one; 16 are what every CPE must take. */
  readonly operations: readonly DuOperation[]
}

export type DuOperation = DuInstall | DuUpdate | DuUninstall

/** Table 71. What is not given is not written: the CPE then chooses. */
export interface DuInstall {
  readonly kind: 'install'
  /** At most 1024 characters. */
  readonly url: string
  readonly uuid?: string
  readonly username?: string
  readonly password?: string
  /** Path of the execution environment, ending with a dot. */
  readonly executionEnvRef?: string
}

/** Table 72. Neither UUID nor URL: every unit is updated. */
export interface DuUpdate {
  readonly kind: 'update'
  readonly uuid?: string
  readonly version?: string
  readonly url?: string
  readonly username?: string
  readonly password?: string
}

/** Table 73. Without version: all versions; without environment: from all of them. */
export interface DuUninstall {
  readonly kind: 'uninstall'
  readonly uuid: string
  readonly version?: string
  readonly executionEnvRef?: string
}

export interface ChangeDuStateResponse {
  readonly kind: 'change_du_state_response'
}

export function encodeChangeDuState(message: ChangeDuState): Xml {
  if (message.operations.length === 0) throw new CwmpError('argument_count', 'Operations has 0 items')
  return element('cwmp:ChangeDUState', [
    ...message.operations.map(encodeOperation),
    textArgument('CommandKey', message.commandKey, 32),
  ])
}

/** The schema has one abstract element for all three, so xsi:type says which it is. */
function encodeOperation(operation: DuOperation): Xml {
  switch (operation.kind) {
    case 'install':
      return element('Operations', installArguments(operation), { 'xsi:type': 'cwmp:InstallOpStruct' })
    case 'update':
      return element('Operations', updateArguments(operation), { 'xsi:type': 'cwmp:UpdateOpStruct' })
    case 'uninstall':
      return element('Operations', uninstallArguments(operation), { 'xsi:type': 'cwmp:UninstallOpStruct' })
  }
}

function installArguments(operation: DuInstall): readonly Xml[] {
  return [
    textArgument('URL', operation.url, 1024),
    ...(operation.uuid === undefined ? [] : [uuidArgument(operation.uuid)]),
    ...optionalTextArgument('Username', operation.username, 256),
    ...optionalTextArgument('Password', operation.password, 256),
    ...optionalTextArgument('ExecutionEnvRef', operation.executionEnvRef, 256),
  ]
}

function updateArguments(operation: DuUpdate): readonly Xml[] {
  return [
    ...(operation.uuid === undefined ? [] : [uuidArgument(operation.uuid)]),
    ...optionalTextArgument('Version', operation.version, 32),
    ...optionalTextArgument('URL', operation.url, 1024),
    ...optionalTextArgument('Username', operation.username, 256),
    ...optionalTextArgument('Password', operation.password, 256),
  ]
}

function uninstallArguments(operation: DuUninstall): readonly Xml[] {
  return [
    uuidArgument(operation.uuid),
    ...optionalTextArgument('Version', operation.version, 32),
    ...optionalTextArgument('ExecutionEnvRef', operation.executionEnvRef, 256),
  ]
}

/** Anything else a CPE answers with 9022, once it has started. */
function uuidArgument(uuid: string): Xml {
  if (!/^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/.test(uuid)) {
    throw new CwmpError('argument_not_uuid', 'UUID is not of the form of RFC 4122')
  }
  return element('UUID', uuid)
}

export function decodeChangeDuStateResponse(): ChangeDuStateResponse {
  return { kind: 'change_du_state_response' }
}
