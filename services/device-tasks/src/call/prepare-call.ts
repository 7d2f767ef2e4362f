import { type DeviceCall, type Reply, answered, credentialIssue, uploadGrant } from '@sluice/contracts'
import { type Parts, toTime } from '../parts.ts'
import type { TaskRow } from '../store/task-row.ts'
import type { StoredCall } from './stored-call.ts'

/** A device may take so long for an upload after its deadline: the task's end is not the transfer's. */
const GRANT_AFTER_DEADLINE_MS = 3_600_000

export interface PreparedCall {
  readonly call: DeviceCall
  /** Of the credential it writes. */
  readonly issueId?: string | undefined
}

/** What is only made when the device is on the line: credentials to be written into it, a place for what it uploads. */
export async function prepareCall(parts: Parts, row: TaskRow, stored: StoredCall): Promise<Reply<PreparedCall>> {
  const { call, credential } = stored
  if (credential !== undefined) return withCredential(parts, row, { call, credential })
  if (call.method === 'Upload' && call.url === undefined) return withGrant(parts, row, call)
  return answered({ call })
}

async function withCredential(
  { bus }: Parts,
  row: TaskRow,
  { call, credential }: Required<StoredCall>,
): Promise<Reply<PreparedCall>> {
  const { deviceKey, createdBy: actor } = row
  const issued = await bus.request(credentialIssue, { deviceKey, purpose: credential.purpose, actor })
  if (!issued.ok) return issued
  const { issueId } = issued.data
  if (call.method !== 'SetParameterValues') return answered({ call, issueId })
  const parameters = call.parameters.map((one) => {
    const part = credential.into[one.name]
    return part === undefined ? one : { ...one, value: issued.data[part] }
  })
  return answered({ call: { ...call, parameters }, issueId })
}

async function withGrant(
  { bus }: Parts,
  { taskId, deviceKey, deadline }: TaskRow,
  call: Extract<DeviceCall, { method: 'Upload' }>,
): Promise<Reply<PreparedCall>> {
  const expiresAt = toTime(deadline + (call.delaySeconds ?? 0) * 1_000 + GRANT_AFTER_DEADLINE_MS)
  const granted = await bus.request(uploadGrant, { uploadId: taskId, deviceKey, expiresAt })
  if (!granted.ok) return granted
  const { url, username, password } = granted.data
  return answered({ call: { ...call, url, username, password } })
}
