import {
  type InputOf,
  type Reply,
  type StoredProfile,
  answered,
  type profilePut,
  type profileRemove,
  refused,
} from '@sluice/contracts'
import { type ModelProfile, defaultProfiles } from '@sluice/model-profiles'
import { type Queryable, json } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { changeRules } from './change-rules.ts'
import { contradictionIn } from './check-profile.ts'
import { checkLimits } from './rule-limits.ts'
import { isShipped } from './shipped-profiles.ts'

/** Shipped ones first. */
export async function listProfiles(sql: Queryable): Promise<{ items: StoredProfile[] }> {
  const [rules] = await sql.query<{ shipped_at: number }>('select shipped_at from registry.rules')
  const rows = await sql.query<{ profile: ModelProfile; updated_at: number; updated_by: string }>(
    'select profile, updated_at, updated_by from registry.profiles order by name',
  )
  const shippedAt = timeOf(rules?.shipped_at ?? 0)
  return {
    items: [
      ...defaultProfiles.map((profile) => ({
        profile,
        shipped: true,
        updatedAt: shippedAt,
        updatedBy: 'service:device-registry',
      })),
      ...rows.map((row) => ({
        profile: row.profile,
        shipped: false,
        updatedAt: timeOf(row.updated_at),
        updatedBy: row.updated_by,
      })),
    ],
  }
}

export async function putProfile(
  parts: Parts,
  { profile, actor }: InputOf<typeof profilePut>,
): Promise<Reply<StoredProfile>> {
  if (isShipped(profile.name)) return refusedAsShipped(profile.name)
  const contradiction = contradictionIn(profile)
  if (contradiction !== null) return refused('invalid_request', contradiction)
  return changeRules(parts, async (tx, standing) => {
    const others = standing.profiles.filter(({ name }) => name !== profile.name)
    const fits = checkLimits({ ...standing, profiles: [...others, profile] })
    if (!fits.ok) return fits
    const at = parts.clock.now()
    await tx.query(
      `insert into registry.profiles (name, profile, updated_at, updated_by) values ($1, $2::jsonb, $3, $4)
       on conflict (name) do update set
         profile = excluded.profile, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
      [profile.name, json(profile), at, actor],
    )
    await parts.journal.append(tx, [{ direction: 'note', kind: 'profile.put', at, actor, data: { profile } }])
    return answered({ profile, shipped: false, updatedAt: timeOf(at), updatedBy: actor })
  })
}

export async function removeProfile(
  parts: Parts,
  { name, actor }: InputOf<typeof profileRemove>,
): Promise<Reply<Record<string, never>>> {
  return changeRules(parts, async (tx) => {
    const removed = await tx.query('delete from registry.profiles where name = $1 returning name', [name])
    if (removed.length === 0) {
      return isShipped(name) ? refusedAsShipped(name) : refused('not_found', 'there is no such profile')
    }
    const at = parts.clock.now()
    await parts.journal.append(tx, [{ direction: 'note', kind: 'profile.removed', at, actor, data: { name } }])
    return answered({})
  })
}

function refusedAsShipped(name: string): Reply<never> {
  return refused('conflict', `${name} came with Sluice: give yours another name, and a match that names more`)
}

function timeOf(at: number): string {
  return new Date(at).toISOString()
}
