import { type Campaign, type InputOf, type Reply, type campaignCreate, refused } from '@sluice/contracts'
import { randomToken } from '@sluice/runtime'
import { type Parts, toMs } from '../parts.ts'
import { noteCreateRequest } from '../store/create-requests.ts'
import { completePolicy } from './complete-policy.ts'
import { completeRetry } from './complete-retry.ts'
import { wrongWindows } from './open-hours.ts'
import { planPath } from './path.ts'
import { wrongGateOf } from './post-gate.ts'
import { answerKnown, namedRequest } from './recognise-request.ts'
import { tooLong } from './too-long.ts'
import { planForAWhile, writeCampaign } from './write-campaign.ts'

/**
 * Writes a campaign down and begins to plan it. A small one is `ready` in the answer; a large one is
 * `planning`, and becomes ready by itself.
 */
export async function createCampaign(
  parts: Parts,
  input: InputOf<typeof campaignCreate>,
  traceparent?: string,
): Promise<Reply<Campaign>> {
  const { actor } = input
  const asked = namedRequest(input)
  const known = await answerKnown(parts, asked)
  if (known !== undefined) return known
  const whole = await completeRetry(parts, input.draft)
  if (!whole.ok) return whole
  const draft = whole.data
  const completed = completePolicy(draft.policy)
  if (completed.kind === 'wrong') return refused('invalid_request', completed.detail)
  const { policy } = completed
  const long = tooLong({ targets: draft.targets, policy })
  if (long !== undefined) return long
  const wrongGate = wrongGateOf(policy, parts.settings)
  if (wrongGate !== undefined) return refused('invalid_request', wrongGate)
  const at = parts.clock.now()
  const dynamicEndsAt = draft.dynamic === undefined ? null : toMs(draft.dynamic.endsAt)
  if (dynamicEndsAt !== null && dynamicEndsAt <= at) {
    return refused('invalid_request', `the campaign is dynamic until ${draft.dynamic!.endsAt}, which is over`)
  }
  const path = await planPath(parts, draft, policy, traceparent)
  if (!path.ok) return path
  const wrongHours = wrongWindows(policy, path.data, at)
  if (wrongHours !== null) return refused('invalid_request', wrongHours)

  const campaignId = parts.ids.campaign()
  const row = {
    campaignId,
    name: draft.name,
    path: path.data,
    targets: draft.targets,
    retryOf: draft.retryOf,
    policy,
    seed: randomToken(16),
    dynamicEndsAt,
    approvalNeeded: policy.allowDowngrade === true ? (['downgrade'] as const) : [],
  }
  const isNew = await parts.sql.transaction(async (tx) => {
    if (asked !== undefined && !(await noteCreateRequest(tx, asked, campaignId, at))) return false
    await writeCampaign(parts, tx, { ...row, createdAt: at, createdBy: actor }, draft, traceparent)
    return true
  })
  // Somebody asked the same at the same time.
  if (!isNew) return (await answerKnown(parts, asked))!
  return planForAWhile(parts, campaignId)
}
