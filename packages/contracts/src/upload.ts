import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { Count, DeviceKey, Sha256, TaskId, Time } from './values.ts'

/** Of an upgrade: `bk` and the upgrade's ULID. */
export const BackupId = Type.String({ pattern: '^bk[0-9A-HJKMNP-TV-Z]{26}$' })
/** Whose upload it is: an operator's task, or the backup before an upgrade. Also the CommandKey of Upload. */
export const UploadId = Type.Union([TaskId, BackupId])

/** Where and as whom a device puts one file. Bound to one upload, and as long-lived as that may take. */
export const UploadGrant = Type.Object({
  url: Type.String({ maxLength: 256 }),
  username: Type.String({ maxLength: 256 }),
  password: Type.String({ maxLength: 256 }),
  expiresAt: Time,
})
export type UploadGrant = Static<typeof UploadGrant>

export const uploadGrant = request('upload.grant', {
  server: 'artifact-resolver',
  deadlineMs: 3_000,
  description: 'A place on the file server for one upload of one device; derived, never stored.',
  input: Type.Object({ uploadId: UploadId, deviceKey: DeviceKey, expiresAt: Time }),
  output: UploadGrant,
})

export const uploadReceived = event('upload.received', {
  delivery: 'stored',
  consumers: ['campaign-scheduler', 'device-tasks'],
  key: 'uploadId',
  description: 'A device has put a whole file.',
  data: Type.Object({ uploadId: UploadId, bytes: Count, sha256: Sha256, at: Time }),
})
