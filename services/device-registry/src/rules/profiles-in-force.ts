import { type ModelProfile, defaultProfiles, profileFor } from '@sluice/model-profiles'
import type { Sql } from '@sluice/sql'
import type { DeviceRow } from '../store/device-row.ts'

export type ProfileName = (row: DeviceRow) => string

export interface ProfilesInForce {
  /** Names the profile that fits a device, by the rules as they stand. One small query; what is found is kept until they change. */
  naming(): Promise<ProfileName>
}

interface KeptRow {
  readonly revision: number
  readonly profiles: readonly ModelProfile[] | null
}

export function createProfilesInForce(sql: Sql): ProfilesInForce {
  let kept: { revision: number; profiles: readonly ModelProfile[] } = { revision: -1, profiles: [] }
  return {
    async naming() {
      const [row] = await sql.query<KeptRow>(
        `select revision, case when revision = $1 then null else
           (select coalesce(jsonb_agg(profile order by name), '[]') from registry.profiles) end as profiles
         from registry.rules`,
        [kept.revision],
      )
      if (row?.profiles) kept = { revision: row.revision, profiles: [...defaultProfiles, ...row.profiles] }
      return byModel(kept.profiles)
    },
  }
}

/** A page of devices has few models: each is looked for once. */
function byModel(profiles: readonly ModelProfile[]): ProfileName {
  const names = new Map<string, string>()
  return (row) => {
    const model = {
      oui: row.oui,
      productClass: row.product_class,
      hardwareVersion: row.hardware_version ?? undefined,
      softwareVersion: row.software_version ?? undefined,
      root: row.data_model_root ?? undefined,
    }
    const key = JSON.stringify(model)
    const name = names.get(key) ?? profileFor(profiles, model).name
    names.set(key, name)
    return name
  }
}
