import type { GatewayRules } from '@sluice/contracts'
import { defaultProfiles } from '@sluice/model-profiles'
import type { Queryable } from '@sluice/sql'

/** All rules of one revision, shipped profiles first. One statement, so that nothing is of another revision. */
export async function readRules(sql: Queryable): Promise<GatewayRules> {
  const [row] = await sql.query<GatewayRules>(
    `select revision,
       (select coalesce(jsonb_agg(profile order by name), '[]') from registry.profiles) as profiles,
       (select coalesce(jsonb_agg(rule order by name), '[]') from registry.redirects) as redirects,
       (select coalesce(jsonb_agg(device_key order by device_key), '[]') from registry.devices where logs_bodies) as "logBodiesOf"
     from registry.rules`,
  )
  if (row === undefined) throw new Error('the row of the rules is missing')
  return { ...row, profiles: [...defaultProfiles, ...row.profiles] }
}

/** Null where this revision is known already. */
export async function readNewRules(sql: Queryable, known: number | undefined): Promise<GatewayRules | null> {
  if (known !== undefined) {
    const [row] = await sql.query<{ revision: number }>('select revision from registry.rules')
    if (row?.revision === known) return null
  }
  return readRules(sql)
}
