import type { Parts } from '../parts.ts'
import type { CampaignRow } from '../store/campaigns.ts'
import { nextMoved } from '../store/moved-devices.ts'
import type { PlanPage } from './materialise.ts'
import { wayBackFor } from './ways-back.ts'

/** The next devices that the other campaign moved, each with what takes it back. */
export async function gatherRollback(
  parts: Pick<Parts, 'sql' | 'settings'>,
  { path }: CampaignRow,
  rollbackOf: string,
  cursor: string | null,
): Promise<PlanPage> {
  const { items, next } = await nextMoved(parts.sql, rollbackOf, cursor ?? '', parts.settings.planPageSize)
  const planned = items.flatMap((device) => {
    const leg = wayBackFor(path, device)
    const { deviceName: name, reportedVersion: softwareVersion } = device
    return leg === undefined ? [] : [{ device: { ...device, name, softwareVersion }, leg }]
  })
  const n = items.length - planned.length
  return { planned, leftOut: n === 0 ? {} : { no_artifact_to_go_back_to: n }, next }
}
