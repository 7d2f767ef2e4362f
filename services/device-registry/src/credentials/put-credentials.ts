import { type Queryable, json } from '@sluice/sql'
import { type Purpose, type Seal, deviceOwner } from './seal.ts'

/** What is null stays as it is. */
export interface GivenCredential {
  readonly deviceKey: string
  readonly purpose: Purpose
  readonly username: string | null
  readonly password: string | null
}

/**
 * Sets what devices hold, or are held to. A password that is given ends all others: what was issued to them, which somebody
 * else may have, and what was kept of them.
 */
export async function putCredentials(tx: Queryable, seal: Seal, given: readonly GivenCredential[]): Promise<void> {
  if (given.length === 0) return
  const rows = given.map(({ deviceKey, purpose, username, password }) => ({
    device_key: deviceKey,
    purpose,
    username,
    sealed: password === null ? null : base64(seal.close(deviceOwner(deviceKey, purpose), password)),
  }))
  await tx.query(
    `insert into registry.credentials as credentials (device_key, purpose, username, sealed_password)
     select device_key, purpose, username, decode(sealed, 'base64')
     from jsonb_to_recordset($1::jsonb) as given(device_key text, purpose text, username text, sealed text)
     order by device_key, purpose
     on conflict (device_key, purpose) do update set
       username = coalesce(excluded.username, credentials.username),
       sealed_password = coalesce(excluded.sealed_password, credentials.sealed_password),
       ${OTHERS.map((column) => `${column} = case when excluded.sealed_password is null then credentials.${column} end`).join(', ')},
       pending_keeps_own = excluded.sealed_password is null and credentials.pending_keeps_own`,
    [json(rows)],
  )
}

const OTHERS = [
  'pending_username',
  'sealed_pending_password',
  'pending_session',
  'former_username',
  'sealed_former_password',
  'former_until',
]

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
