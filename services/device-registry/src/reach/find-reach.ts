import type { Reach } from '@sluice/contracts'
import { deviceOwner } from '../credentials/seal.ts'
import type { Parts } from '../parts.ts'

interface ReachRow {
  readonly connection_request_url: string | null
  readonly udp_address: string | null
  readonly nat_detected: boolean | null
  readonly jabber_id: string | null
  readonly username: string | null
  readonly sealed_password: Uint8Array | null
}

/**
 * How to wake a device, and what it expects of who does: the credentials it is known to hold, else those that were issued
 * and not confirmed yet. Empty stands for what a device said it has no more.
 */
export async function findReach(
  { sql, seal }: Pick<Parts, 'sql' | 'seal'>,
  deviceKey: string,
): Promise<Reach | undefined> {
  const [row] = await sql.query<ReachRow>(
    `select connection_request_url, udp_address, nat_detected, jabber_id,
       case when sealed_password is null and pending_username is not null then pending_username else username end as username,
       coalesce(sealed_password, sealed_pending_password) as sealed_password
     from registry.devices
     left join registry.credentials as held
       on held.device_key = devices.device_key and held.purpose = 'connection_request'
     where devices.device_key = $1`,
    [deviceKey],
  )
  if (row === undefined) return undefined
  return {
    deviceKey,
    connectionRequestUrl: row.connection_request_url || null,
    udpConnectionRequestAddress: row.udp_address || null,
    natDetected: row.nat_detected,
    jabberId: row.jabber_id || null,
    username: row.username,
    password:
      row.sealed_password === null
        ? null
        : seal.open(deviceOwner(deviceKey, 'connection_request'), row.sealed_password),
  }
}
