import { credentialConfirm } from '@sluice/contracts'
import type { CredentialPurpose } from '../call/stored-call.ts'
import type { Parts } from '../parts.ts'

const LEASE_MS = 30_000
const AT_ONCE = 32

interface Owed {
  readonly taskId: string
  readonly deviceKey: string
  readonly purpose: CredentialPurpose
  readonly issueId: string | null
}

/**
 * Tells the registry that devices have taken the credentials that were written into them; whether there are more.
 * What is not heard is said again, however long the registry is away.
 */
export async function confirmCredentials(parts: Parts): Promise<boolean> {
  const now = parts.clock.now()
  const until = now + LEASE_MS
  const owed = await parts.sql.query<Owed>(
    `with due as materialized (
       select task_id from tasks.tasks where confirm_at <= $1 order by confirm_at limit $3 for update skip locked)
     update tasks.tasks t set confirm_at = $2 from due where t.task_id = due.task_id
     returning t.task_id as "taskId", t.device_key as "deviceKey", t.credential as purpose,
       t.credential_issue as "issueId"`,
    [now, until, AT_ONCE],
  )
  const heard = await Promise.all(
    owed.map(async ({ taskId, deviceKey, purpose, issueId }) => {
      const issue = issueId === null ? {} : { issueId }
      const reply = await parts.bus.request(credentialConfirm, { deviceKey, purpose, ...issue })
      // A device that was removed meanwhile has no credential to be confirmed.
      return reply.ok || reply.error.code === 'not_found' ? [taskId] : []
    }),
  )
  const done = heard.flat()
  if (done.length > 0) {
    await parts.sql.query(
      `update tasks.tasks set confirm_at = null where task_id = any($1::text[]) and confirm_at = $2`,
      [done, until],
    )
  }
  return owed.length === AT_ONCE && done.length === AT_ONCE
}
