import { type Campaign, type InputOf, type Reply, answered, type campaignCreate, refused } from '@sluice/contracts'
import { randomToken } from '@sluice/runtime'
import { type Parts, toMs } from '../parts.ts'
import { insertCampaign } from '../store/campaigns.ts'
import { noteCreateRequest } from '../store/create-requests.ts'
import { insertWaves } from '../store/waves.ts'
import { completePolicy } from './complete-policy.ts'
import { planPath } from './path.ts'
import { readCampaign } from './read.ts'
import { answerKnown, namedRequest } from './recognise-request.ts'

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
  const asked = namedRequest(input)
  const known = await answerKnown(parts, asked)
  if (known !== undefined) return known
  const completed = completePolicy(draft.policy)
  if (completed.kind === 'wrong') return refused('invalid_request', completed.detail)
  const { policy } = completed
  const at = parts.clock.now()
  const dynamicEndsAt = draft.dynamic === undefined ? null : toMs(draft.dynamic.endsAt)
  if (dynamicEndsAt !== null && dynamicEndsAt <= at) {
    return refused('invalid_request', `the campaign is dynamic until ${draft.dynamic!.endsAt}, which is over`)
  }
  const path = await planPath(parts, draft, policy, traceparent)
  if (!path.ok) return path

  const campaignId = parts.ids.campaign()
  const row = {
    campaignId,
    name: draft.name,
    path: path.data,
    targets: draft.targets,
    policy,
    seed: randomToken(16),
    dynamicEndsAt,
    approvalNeeded: policy.allowDowngrade === true ? (['downgrade'] as const) : [],
  }
  const isNew = await parts.sql.transaction(async (tx) => {
    if (asked !== undefined && !(await noteCreateRequest(tx, asked, campaignId, at))) return false
    await parts.ownership.adopt(tx, campaignId)
    await insertCampaign(tx, { ...row, createdAt: at, createdBy: actor })
    await insertWaves(
      tx,
      campaignId,
      policy.waves.map(({ advance }) => (typeof advance === 'string' ? advance : 'auto')),
    )
    await parts.journal.append(tx, [
      {
        direction: 'note',
        at,
        actor,
        kind: 'campaign.created',
        campaignId,
        traceparent,
        data: { ...draft, policy },
      },
    ])
    return true
  })
  // Somebody asked the same at the same time.
  if (!isNew) return (await answerKnown(parts, asked))!
  await planForAWhile(parts, campaignId)
  return answered(await readCampaign(parts.sql, campaignId))
}

/** Waits for the plan, but not beyond what the asker has patience for: it goes on in any case. */
async function planForAWhile(parts: Parts, campaignId: string): Promise<void> {
  const patience = Promise.withResolvers<void>()
  const cancel = parts.clock.after(parts.settings.planReplyMs, patience.resolve)
  await Promise.race([parts.planner.plan(campaignId), patience.promise])
  cancel()
}
