import { createHash } from 'node:crypto'
import { defaultProfiles } from '@sluice/model-profiles'
import type { Sql } from '@sluice/sql'

/** Profiles that came with another version of Sluice are new rules for gateways that know the old ones. Answers the new revision. */
export async function noteShippedProfiles(sql: Sql, now: number): Promise<number | undefined> {
  const digest = createHash('sha256').update(JSON.stringify(defaultProfiles)).digest('hex')
  const [row] = await sql.query<{ revision: number }>(
    `update registry.rules set revision = revision + 1, shipped_digest = $1, shipped_at = $2
     where shipped_digest <> $1 returning revision`,
    [digest, now],
  )
  return row?.revision
}

export function isShipped(name: string): boolean {
  return defaultProfiles.some((profile) => profile.name === name)
}
