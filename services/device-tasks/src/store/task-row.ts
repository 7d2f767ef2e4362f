import type { DeviceTask, DeviceTaskState } from '@sluice/contracts'
import type { TaskFacts } from '../task/task-machine.ts'

export interface TaskRow {
  readonly taskId: string
  readonly deviceKey: string
  readonly deviceName: string
  readonly fleetTaskId: string | null
  readonly method: string
  readonly sealedCall: Uint8Array | null
  readonly shownCall: DeviceTask['call']
  readonly commandKey: string | null
  readonly state: DeviceTaskState
  readonly facts: TaskFacts
  readonly revision: number
  readonly faultCode: number | null
  readonly sealedResult: Uint8Array | null
  readonly sealedLate: Uint8Array | null
  readonly uploadBytes: number | null
  readonly uploadSha256: string | null
  readonly wake: DeviceTask['wake']
  readonly wakeAt: number | null
  readonly credential: string | null
  readonly credentialIssue: string | null
  readonly confirmAt: number | null
  readonly createdBy: string
  readonly idempotencyKey: string | null
  readonly createdAt: number
  readonly deadline: number
  readonly updatedAt: number
  readonly dueAt: number | null
  readonly endedAt: number | null
}

const FIELDS = [
  ['task_id', 'taskId'],
  ['device_key', 'deviceKey'],
  ['device_name', 'deviceName'],
  ['fleet_task_id', 'fleetTaskId'],
  ['method', 'method'],
  ['sealed_call', 'sealedCall'],
  ['shown_call', 'shownCall'],
  ['command_key', 'commandKey'],
  ['state', 'state'],
  ['facts', 'facts'],
  ['revision', 'revision'],
  ['fault_code', 'faultCode'],
  ['sealed_result', 'sealedResult'],
  ['sealed_late', 'sealedLate'],
  ['upload_bytes', 'uploadBytes'],
  ['upload_sha256', 'uploadSha256'],
  ['wake', 'wake'],
  ['wake_at', 'wakeAt'],
  ['credential', 'credential'],
  ['credential_issue', 'credentialIssue'],
  ['confirm_at', 'confirmAt'],
  ['created_by', 'createdBy'],
  ['idempotency_key', 'idempotencyKey'],
  ['created_at', 'createdAt'],
  ['deadline', 'deadline'],
  ['updated_at', 'updatedAt'],
  ['due_at', 'dueAt'],
  ['ended_at', 'endedAt'],
] as const satisfies readonly (readonly [string, keyof TaskRow])[]

/** For `select`: each column under the name of its field. */
export const TASK_COLUMNS = FIELDS.map(([column, field]) => `${column} as "${field}"`).join(', ')
/** Without the call as it is sent, which is large and for nobody's eyes. */
export const SHOWN_TASK_COLUMNS = TASK_COLUMNS.replace('sealed_call as', 'null::bytea as')
/** In the order of `insert`. */
export const TASK_COLUMN_NAMES = FIELDS.map(([column]) => column).join(', ')

const BYTES: ReadonlySet<string> = new Set(['sealed_call', 'sealed_result', 'sealed_late'])
const JSONS: ReadonlySet<string> = new Set(['shown_call', 'facts'])
const NUMBERS: ReadonlySet<string> = new Set(
  'revision fault_code upload_bytes wake_at confirm_at created_at deadline updated_at due_at ended_at'.split(' '),
)

/** How a row of `jsonb_to_recordset` is written as columns: bytes travel as base64. */
export const TASK_RECORD = FIELDS.map(
  ([column, field]) => `"${field}" ${JSONS.has(column) ? 'jsonb' : NUMBERS.has(column) ? 'bigint' : 'text'}`,
).join(', ')
export const TASK_RECORD_VALUES = FIELDS.map(([column, field]) =>
  BYTES.has(column) ? `decode(r."${field}", 'base64')` : `r."${field}"`,
).join(', ')

export function recordOf(row: Partial<TaskRow>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([field, value]) => [
      field,
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    ]),
  )
}
