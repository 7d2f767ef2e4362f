import {
  type Campaign,
  type InputOf,
  type Reply,
  answered,
  artifactGet,
  type campaignCreate,
  refused,
} from '@sluice/contracts'
import { randomToken } from '@sluice/runtime'
import type { Parts } from '../parts.ts'
import { type PlannedArtifact, insertCampaign } from '../store/campaigns.ts'
import { insertWaves } from '../store/waves.ts'
import { completePolicy } from './complete-policy.ts'
import { planCampaign } from './materialise.ts'
import { readCampaign } from './read.ts'

/**
 * Writes a campaign down and begins to plan it. A small one is `ready` in the answer; a large one is
 * `planning`, and becomes ready by itself.
 */
export async function createCampaign(
  parts: Parts,
  input: InputOf<typeof campaignCreate>,
  traceparent?: string,
): Promise<Reply<Campaign>> {
  const { draft, actor } = input
  const completed = completePolicy(draft.policy)
  if (completed.kind === 'wrong') return refused('invalid_request', completed.detail)
  const artifact = await trustedArtifact(parts, draft.artifactId, traceparent)
  if (!artifact.ok) return artifact

  const campaignId = parts.ids.campaign()
  const at = parts.clock.now()
  const { policy } = completed
  const row = { campaignId, name: draft.name, targets: draft.targets, policy, seed: randomToken(16) }
  await parts.sql.transaction(async (tx) => {
    await insertCampaign(tx, { ...row, artifact: artifact.data, createdAt: at, createdBy: actor })
    await insertWaves(
      tx,
      campaignId,
      policy.waves.map((wave) => wave.advance),
    )
    await parts.journal.append(tx, [
      {
        direction: 'note',
        at,
        actor,
        kind: 'campaign.created',
        campaignId,
        traceparent,
        data: { name: draft.name, artifactId: draft.artifactId, targets: draft.targets, policy },
      },
    ])
  })
  await planForAWhile(parts, campaignId)
  return answered(await readCampaign(parts.sql, campaignId))
}

async function trustedArtifact(
  parts: Parts,
  artifactId: string,
  traceparent?: string,
): Promise<Reply<PlannedArtifact>> {
  const found = await parts.bus.request(artifactGet, { artifactId }, traceparent === undefined ? {} : { traceparent })
  if (!found.ok) return found
  const { status, size, version, softwareVersions, fits, hosting } = found.data
  if (status !== 'trusted') return refused('artifact_not_trusted', `the artifact is ${status}`)
  if (size === null) return refused('artifact_not_trusted', 'the artifact was never measured')
  return answered({ artifactId, size, version, softwareVersions, fits, hosting })
}

/** Waits for the plan, but not beyond what the asker has patience for: it goes on in any case. */
async function planForAWhile(parts: Parts, campaignId: string): Promise<void> {
  const patience = Promise.withResolvers<void>()
  const cancel = parts.clock.after(parts.settings.planReplyMs, patience.resolve)
  const plan = planCampaign(parts, campaignId).catch((error: unknown) => {
    parts.log.warn({ err: error, campaign_id: campaignId }, 'campaign.plan.interrupted')
  })
  await Promise.race([plan, patience.promise])
  cancel()
}
