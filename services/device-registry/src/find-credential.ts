import { createHash } from 'node:crypto'
import type { OutputOf, deviceCredential } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import type { Seal } from './seal.ts'

interface CredentialRow {
  readonly device_key: string
  readonly username: string | null
  readonly sealed_password: Uint8Array | null
}

/** The digest secrets of these devices for these realms, in their order. `unknown` is said only of devices looked up and found without one. */
export async function findCredentials(
  sql: Queryable,
  seal: Seal,
  asked: readonly { readonly deviceKey: string; readonly realm: string }[],
): Promise<OutputOf<typeof deviceCredential>[]> {
  const rows = await sql.query<CredentialRow>(
    'select device_key, username, sealed_password from registry.devices where device_key = any($1::text[])',
    [asked.map((one) => one.deviceKey)],
  )
  const byKey = new Map(rows.map((row) => [row.device_key, row]))
  return asked.map(({ deviceKey, realm }) => {
    const row = byKey.get(deviceKey)
    if (row?.username == null || row.sealed_password === null) return { kind: 'unknown' }
    const password = seal.open(deviceKey, row.sealed_password)
    return { kind: 'known', username: row.username, ha1: ha1(row.username, realm, password) }
  })
}

/** HA1 of RFC 2617 3.2.2.2. MD5 is what CPE speak (TR-069 3.4.5); it protects nothing at rest here. */
function ha1(username: string, realm: string, password: string): string {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest('hex')
}
