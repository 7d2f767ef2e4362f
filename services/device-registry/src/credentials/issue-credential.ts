import { randomBytes } from 'node:crypto'
import { type InputOf, type OutputOf, type Reply, answered, type credentialIssue, refused } from '@sluice/contracts'
import { randomToken } from '@sluice/runtime'
import type { Queryable } from '@sluice/sql'
import { noSuchDevice } from '../devices/no-such-device.ts'
import type { Parts } from '../parts.ts'
import { countReturn } from './bootstrap-returns.ts'
import { cwmpUsername } from './cwmp-username.ts'
import { issueIdOf } from './issue-id.ts'
import { type Purpose, deviceOwner } from './seal.ts'
import { tellGateways } from './tell-gateways.ts'

type Input = InputOf<typeof credentialIssue>
type Issued = OutputOf<typeof credentialIssue>

/** 24 characters of base64url. */
const PASSWORD_BYTES = 18
/** A device that has just made its first contact is asked for before its Inform came here: it is on its way. */
const LOOKS = 10
const LOOK_AGAIN_MS = 150

/**
 * A new user name and password for a device, kept beside what holds until it is confirmed; until then always the same, but
 * for who comes back with the credential of the model.
 */
export async function issueCredential(parts: Parts, input: Input): Promise<Reply<Issued>> {
  for (let look = 1; ; look += 1) {
    const issued = await parts.sql.transaction((tx) => issueOnce(tx, parts, input))
    if (issued !== undefined) {
      parts.wakeRelay()
      return issued
    }
    if (!parts.settings.autoRegistration || look === LOOKS) return noSuchDevice()
    await parts.clock.sleep(LOOK_AGAIN_MS)
  }
}

async function issueOnce(tx: Queryable, parts: Parts, input: Input): Promise<Reply<Issued> | undefined> {
  const { deviceKey, purpose } = input
  const device = await findDevice(tx, parts, input)
  if (device === undefined) return undefined
  const isReturn = purpose === 'cwmp' && input.byBootstrap === true && device.has_own
  if (isReturn && !(await countReturn(tx, parts, deviceKey))) {
    return refused('unavailable', 'too many devices came back with the credential of their model')
  }
  const owner = deviceOwner(deviceKey, purpose)
  const sealed = parts.seal.close(owner, randomToken(PASSWORD_BYTES))
  const username = newUsername(purpose, { deviceKey, name: device.name })
  const pending = await putPending(tx, input, { username, sealed, isReturn })
  if (Buffer.from(pending.sealed).equals(sealed)) await note(tx, parts, input, isReturn)
  if (isReturn && device.has_former) {
    parts.observability.credentialsContested.add(1)
    parts.log.warn({ device_key: deviceKey }, 'registry.credential.contested')
  }
  const password = parts.seal.open(owner, pending.sealed)
  return answered({ username: pending.username, password, issueId: issueIdOf(pending.sealed) })
}

async function findDevice(tx: Queryable, { clock }: Parts, { deviceKey, purpose }: Input) {
  const [device] = await tx.query<{ name: string; has_own: boolean; has_former: boolean }>(
    `select name, held.sealed_password is not null as has_own, coalesce(held.former_until > $3, false) as has_former
     from registry.devices
     left join registry.credentials as held on held.device_key = devices.device_key and held.purpose = $2
     where devices.device_key = $1 for key share of devices`,
    [deviceKey, purpose, clock.now()],
  )
  return device
}

/**
 * What waits to be confirmed is issued again. Not, though, what was issued at a return, but in the same session: whoever
 * came by the credential of the model may have been anybody.
 */
async function putPending(
  tx: Queryable,
  { deviceKey, purpose, sessionId }: Input,
  { username, sealed, isReturn }: { username: string; sealed: Uint8Array; isReturn: boolean },
): Promise<{ username: string; sealed: Uint8Array }> {
  const session = isReturn ? (sessionId ?? randomToken(PASSWORD_BYTES)) : null
  const [row] = await tx.query<{ username: string; sealed: Uint8Array }>(
    `insert into registry.credentials as credentials
       (device_key, purpose, pending_username, sealed_pending_password, pending_session, pending_keeps_own)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (device_key, purpose) do update set
       (pending_username, sealed_pending_password, pending_session) = (
         select (case when is_same then credentials.pending_username else excluded.pending_username end),
           (case when is_same then credentials.sealed_pending_password else excluded.sealed_pending_password end),
           excluded.pending_session
         from (select credentials.pending_username is not null
           and credentials.pending_session is not distinct from excluded.pending_session) as asked (is_same)),
       pending_keeps_own = credentials.pending_keeps_own or excluded.pending_keeps_own
     returning pending_username as username, sealed_pending_password as sealed`,
    [deviceKey, purpose, username, sealed, session, isReturn],
  )
  if (row === undefined) throw new Error('an upsert always has a row')
  return row
}

async function note(tx: Queryable, parts: Parts, { deviceKey, purpose, actor }: Input, isReturn: boolean) {
  const data = isReturn ? { purpose, isReturn } : { purpose }
  const at = parts.clock.now()
  await parts.journal.append(tx, [
    { direction: 'note', kind: 'credential.issued', at, actor, deviceKey, data },
    // Gateways that asked a moment ago know nothing of it, and the device may come with it at once.
    ...(purpose === 'cwmp' ? tellGateways(parts.ids, [deviceKey], actor, at) : []),
  ])
}

/** Of the others a Jabber id is made too, where case is lost: hexadecimal is not. */
function newUsername(purpose: Purpose, device: { deviceKey: string; name: string }): string {
  return purpose === 'cwmp' ? cwmpUsername(device) : `cpe${randomBytes(12).toString('hex')}`
}
