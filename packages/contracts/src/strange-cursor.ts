import type { TSchema } from 'typebox'
import { type Reply, refused } from './errors.ts'
import { check } from './validate.ts'
import { ArtifactId, CampaignId, DeviceKey, FleetTaskId, TaskId, UpgradeId } from './values.ts'

const LAST_OF_A_PAGE = {
  artifact: ArtifactId,
  campaign: CampaignId,
  upgrade: UpgradeId,
  device: DeviceKey,
  task: TaskId,
  fleet_task: FleetTaskId,
} as const satisfies Record<string, TSchema>

/** The refusal of a cursor that no page of these ends with: of lists whose cursor is the id of their last item. */
export function strangeCursor(of: keyof typeof LAST_OF_A_PAGE, cursor: string | undefined): Reply<never> | undefined {
  if (cursor === undefined || check(LAST_OF_A_PAGE[of], cursor).kind === 'valid') return undefined
  return refused('invalid_request', 'this cursor was not given out here')
}
