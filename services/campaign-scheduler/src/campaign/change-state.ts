import type { Counters } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { type CampaignRow, type CampaignState, keepStopped, moveCampaign } from '../store/campaigns.ts'
import { insertSweep } from '../store/sweeps.ts'
import { setWaveState, wavesOf } from '../store/waves.ts'
import { breakOffPlan } from './break-off-plan.ts'
import { toWire } from './counters.ts'
import type { Decided } from './gate-of-wave.ts'
import { stoppedUntil } from './transfer-stops.ts'

export interface StateChange {
  readonly state: CampaignState
  readonly reason: string | null
  readonly actor: string
  readonly counters: Counters
  readonly traceparent?: string | undefined
  /** What a gate was asked on, where one decided it. */
  readonly decided?: Decided | undefined
}

/** Moves a campaign that the caller has locked, with the journal and with what follows for its upgrades. One that is planned can only end. */
export async function changeState(parts: Parts, tx: Queryable, campaign: CampaignRow, to: StateChange): Promise<void> {
  const at = parts.clock.now()
  const { campaignId } = campaign
  const counters = campaign.planStage === 'planned' ? to.counters : await breakOffPlan(parts, tx, campaign, to.actor)
  const moved = await moveCampaign(tx, campaign, { state: to.state, reason: to.reason, at })
  if (!moved) throw new Error(`campaign ${campaignId} moved although it was locked`)
  if (to.state === 'aborted') await stopEverything(parts, tx, campaign, to, at)
  await parts.journal.append(tx, [
    {
      direction: 'note',
      at,
      actor: to.actor,
      kind: 'campaign.moved',
      campaignId,
      traceparent: to.traceparent,
      data: { from: campaign.state, to: to.state, reason: to.reason, counters: toWire(counters), gate: to.decided },
    },
  ])
}

/** What waits is withdrawn and what runs is asked to stop, page by page, by whoever has time. */
async function stopEverything(
  parts: Parts,
  tx: Queryable,
  campaign: CampaignRow,
  to: StateChange,
  at: number,
): Promise<void> {
  const { campaignId } = campaign
  await keepStopped(tx, campaignId, stoppedUntil(parts, campaign, at))
  for (const wave of await wavesOf(tx, [campaignId])) {
    if (wave.state === 'open' || wave.state === 'passed') await setWaveState(tx, wave, 'stopped')
  }
  const reason = to.reason ?? 'aborted'
  await insertSweep(tx, {
    sweepId: parts.ids.event(),
    kind: 'withdraw',
    campaignId,
    wave: null,
    reason,
    actor: to.actor,
  })
}
