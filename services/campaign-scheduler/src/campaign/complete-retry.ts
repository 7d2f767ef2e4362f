import { type CampaignDraft, type Reply, answered, refused } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { findCampaign } from '../store/campaigns.ts'
import { areDevicesForgotten } from '../store/ended-devices.ts'
import { asDraft } from './complete-policy.ts'
import { withoutNamedWaves } from './named-waves.ts'

/** A draft that tries the devices of another campaign again takes from that one what it does not say: the way, and the rules. */
export async function completeRetry({ sql }: Pick<Parts, 'sql'>, draft: CampaignDraft): Promise<Reply<CampaignDraft>> {
  const { retryOf } = draft
  if (retryOf === undefined) return answered(draft)
  const { campaignId } = retryOf
  if (draft.dynamic !== undefined) return refused('invalid_request', 'nobody joins a campaign that tries others again')
  const other = await findCampaign(sql, campaignId)
  if (other === undefined) return refused('not_found', `there is no campaign ${campaignId}`)
  if (other.rollbackOf !== null) {
    return refused('invalid_request', `${campaignId} is a rollback: abort it and ask for another one`)
  }
  if (await areDevicesForgotten(sql, campaignId)) {
    return refused('campaign_state', `the devices of ${campaignId} were forgotten`)
  }
  const isOnItsWay = draft.artifactId !== undefined || draft.path !== undefined
  const path = other.path.map(({ artifactId, from, steppingStone }) => ({
    artifactId,
    ...(from && { from }),
    ...(steppingStone && { steppingStone }),
  }))
  return answered({
    ...draft,
    ...(!isOnItsWay && { path }),
    policy: draft.policy ?? asDraft(withoutNamedWaves(other.policy)),
  })
}
