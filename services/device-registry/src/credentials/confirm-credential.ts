import { type InputOf, type Reply, answered, type credentialConfirm } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { issueIdIn } from './issue-id.ts'
import { tellGateways } from './tell-gateways.ts'

/** So long a device that somebody else was taken for may still come with what was its own, and be noticed. */
const FORMER_MS = 30 * 86_400_000

/** Kept is what held before the first return: who returns twice, having taken a device over, does not get rid of it. */
const IS_KEPT_ALREADY = 'coalesce(former_until > $4, false)'
const KEEPS = `(pending_keeps_own and username is not null and sealed_password is not null and not ${IS_KEPT_ALREADY})`
const former = (column: string, own: string) =>
  `${column} = case when ${KEEPS} then ${own} when ${IS_KEPT_ALREADY} then ${column} end`

const CONFIRM = `
  update registry.credentials set username = pending_username, sealed_password = sealed_pending_password,
    pending_username = null, sealed_pending_password = null, pending_session = null, pending_keeps_own = false,
    ${former('former_username', 'username')}, ${former('sealed_former_password', 'sealed_password')},
    ${former('former_until', '$5::bigint')}
  where device_key = $1 and purpose = $2 and pending_username is not null
    and ($3::text is null or ${issueIdIn('sealed_pending_password')} = $3)
  returning former_until as "formerUntil"`

/**
 * What was issued holds from now on, and what held before does not, unless it was issued to who came back with the
 * credential of the model. Doing it again, with nothing issued, or of an issue that was replaced, changes nothing.
 */
export async function confirmCredential(
  parts: Parts,
  { deviceKey, purpose, issueId }: InputOf<typeof credentialConfirm>,
): Promise<Reply<Record<string, never>>> {
  const { journal, ids, clock } = parts
  await parts.sql.transaction(async (tx) => {
    const at = clock.now()
    const [moved] = await tx.query<{ formerUntil: number | null }>(CONFIRM, [
      deviceKey,
      purpose,
      issueId,
      at,
      at + FORMER_MS,
    ])
    if (moved === undefined) return
    const actor = `device:${deviceKey}`
    const kept = moved.formerUntil === null ? {} : { formerUntil: moved.formerUntil }
    await journal.append(tx, [
      { direction: 'note', kind: 'credential.confirmed', at, actor, deviceKey, data: { purpose, ...kept } },
      ...(purpose === 'cwmp' ? tellGateways(ids, [deviceKey], actor, at) : []),
    ])
  })
  parts.wakeRelay()
  return answered({})
}
