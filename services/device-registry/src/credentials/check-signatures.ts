import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingRequest } from '@sluice/bus'
import { type InputOf, type OutputOf, type Reply, answered, type deviceSignature, refused } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { deviceOwner } from './seal.ts'

type Signed = InputOf<typeof deviceSignature>
type Verdict = OutputOf<typeof deviceSignature>['kind']

interface CredentialRow {
  readonly device_key: string
  readonly username: string | null
  readonly sealed_password: Uint8Array | null
  readonly pending_username: string | null
  readonly sealed_pending_password: Uint8Array | null
  readonly former_username: string | null
  readonly sealed_former_password: Uint8Array | null
}

/**
 * Whether messages were signed with the CWMP passwords of their devices: what holds, what was issued and may have been
 * taken, or what was kept at a return (TR-069 M.2.2, M.2.3: HMAC-SHA1 of the body).
 */
export async function checkSignatures(
  { sql, seal, clock, log, observability }: Parts,
  batch: readonly IncomingRequest<Signed>[],
): Promise<Reply<OutputOf<typeof deviceSignature>>[]> {
  const rows = await sql.query<CredentialRow>(
    `select device_key, username, sealed_password, pending_username, sealed_pending_password,
       case when former_until > $2 then former_username end as former_username, sealed_former_password
     from registry.credentials where purpose = 'cwmp' and device_key = any($1::text[])`,
    [batch.map(({ input }) => input.deviceKey), clock.now()],
  )
  const byKey = new Map(rows.map((row) => [row.device_key, row]))
  const verdictOf = (input: Signed): Verdict => {
    const row = byKey.get(input.deviceKey)
    const owner = deviceOwner(input.deviceKey, 'cwmp')
    const held = row === undefined ? [] : passwordsOf(row, input.username).map((sealed) => seal.open(owner, sealed))
    if (held.length === 0) return 'unknown'
    return held.some((password) => isSignedWith(password, input)) ? 'valid' : 'invalid'
  }
  return batch.map(({ input }) => {
    try {
      return answered({ kind: verdictOf(input) })
    } catch (error) {
      observability.credentialsUnreadable.add(1)
      log.error({ err: error, device_key: input.deviceKey }, 'registry.credential.unreadable')
      return refused('unavailable', 'the credentials of this device cannot be read')
    }
  })
}

function passwordsOf(row: CredentialRow, username: string): Uint8Array[] {
  const held = [
    [row.username, row.sealed_password],
    [row.pending_username, row.sealed_pending_password],
    [row.former_username, row.sealed_former_password],
  ] as const
  return held.flatMap(([name, sealed]) => (name === username && sealed !== null ? [sealed] : []))
}

function isSignedWith(password: string, { body, signature }: Signed): boolean {
  const expected = createHmac('sha1', password).update(Buffer.from(body, 'base64')).digest()
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'))
}
