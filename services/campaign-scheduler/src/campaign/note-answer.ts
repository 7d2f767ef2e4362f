import type { Queryable } from '@sluice/sql'
import { OURSELVES, type Parts } from '../parts.ts'
import type { CampaignRow } from '../store/campaigns.ts'
import { type HeardOutside, type WaveRow, setOutside } from '../store/waves.ts'
import type { Harm } from './accepted-harm.ts'
import type { GateReply } from './ask-gate.ts'

/** An answer, and what it was given on: it counts only while nothing is worse. */
export interface HeardAnswer {
  readonly wave: number
  /** Of the question: after a pause, or a gate that thought better of it, there is another one. */
  readonly turn: number
  readonly reply: GateReply
  readonly harm: Harm
}

/** Writes what was heard; answers why the campaign has to stop, if it has to. */
export async function noteAnswer(
  parts: Parts,
  tx: Queryable,
  campaign: CampaignRow,
  wave: WaveRow,
  { reply }: HeardAnswer,
): Promise<{ readonly action: 'pause' | 'abort'; readonly reason: string } | undefined> {
  const gate = campaign.policy.gate.external!
  const at = parts.clock.now()
  const failures = reply.kind === 'nothing' ? (wave.outside?.failures ?? 0) + 1 : 0
  const why = reply.kind === 'nothing' ? reply.detail : reply.reason
  const heard: HeardOutside = { at, said: reply.kind, why, failures }
  await setOutside(tx, wave, wave.askOutsideAt, heard)
  const isNews = wave.outside?.said !== heard.said || wave.outside.why !== heard.why
  if (isNews || failures >= gate.maxFailures) {
    await parts.journal.append(tx, [
      {
        direction: 'note',
        at,
        actor: OURSELVES,
        kind: 'campaign.outside_asked',
        campaignId: campaign.campaignId,
        data: { wave: wave.wave, by: gate.by === 'bus' ? 'bus' : 'url', answer: heard.said, why, failures },
      },
    ])
  }
  if (reply.kind === 'stop') {
    const said = reply.reason === null ? '' : `: ${reply.reason}`
    return { action: campaign.policy.gate.onFailure, reason: `the gate outside said stop${said}` }
  }
  if (failures < gate.maxFailures) return undefined
  return { action: 'pause', reason: `the gate outside gave no answer ${failures} times in a row: ${why}` }
}
