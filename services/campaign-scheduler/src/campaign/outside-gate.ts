import type { InputOf, gateAsk } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import { asOwner } from '../ownership.ts'
import type { Parts } from '../parts.ts'
import { lockCampaigns } from '../store/campaigns.ts'
import { talliesOf } from '../store/tallies.ts'
import { setOutside, wavesOf, wavesToAskOutside } from '../store/waves.ts'
import type { Harm } from './accepted-harm.ts'
import { type ExternalGate, askGate } from './ask-gate.ts'
import { advanceCampaign } from './advance.ts'
import { countersOf, toWire } from './counters.ts'
import { harmIn } from './gate-of-wave.ts'

const MOST_AT_ONCE = 16

interface Question {
  readonly turn: number
  readonly gate: ExternalGate
  readonly ask: InputOf<typeof gateAsk>
  readonly harm: Harm
}

/**
 * Asks the outside about the waves of ours that wait for it. The question is read and its turn written in one
 * transaction, the answer is used in another one that looks at the gate afresh: between them anything may have happened.
 */
export async function askOutside(parts: Parts): Promise<boolean> {
  const due = await wavesToAskOutside(parts.sql, parts.ownership.replica, parts.clock.now(), MOST_AT_ONCE)
  await Promise.all(
    due.map(({ campaignId, wave }) =>
      askAbout(parts, campaignId, wave).catch((error: unknown) => {
        parts.log.error({ err: error, campaign_id: campaignId, wave }, 'campaign.outside_gate.failed')
      }),
    ),
  )
  return due.length === MOST_AT_ONCE
}

async function askAbout(parts: Parts, campaignId: string, wave: number): Promise<void> {
  const question = await asOwner(parts, campaignId, (tx) => takeTurn(parts, tx, campaignId, wave))
  if (question === undefined || question === 'nothing_to_ask') return
  const reply = await askGate(parts, question.gate, question.ask)
  parts.metrics.gates.add(1, { decision: `outside_${reply.kind}` })
  await advanceCampaign(parts, campaignId, { wave, turn: question.turn, reply, harm: question.harm })
}

/** Nobody is asked while the campaign is paused, or once its gate has thought better of it. */
async function takeTurn(
  parts: Parts,
  tx: Queryable,
  campaignId: string,
  number: number,
): Promise<Question | 'nothing_to_ask'> {
  const [campaign] = await lockCampaigns(tx, [campaignId])
  const wave = (await wavesOf(tx, [campaignId])).find((one) => one.wave === number)
  const gate = campaign?.policy.gate.external
  const now = parts.clock.now()
  if (wave?.askOutsideAt == null || wave.askOutsideAt > now) return 'nothing_to_ask'
  if (campaign?.state !== 'running' || gate === undefined || wave.state !== 'open') {
    await setOutside(tx, wave, null, null)
    return 'nothing_to_ask'
  }
  const turn = now + gate.everyMs
  await setOutside(tx, wave, turn, wave.outside)
  const counters = countersOf((await talliesOf(tx, [campaignId])).filter((tally) => tally.wave === number))
  return {
    turn,
    gate,
    harm: await harmIn(tx, campaign, wave, counters, now),
    ask: {
      campaignId,
      name: campaign.name,
      wave: number,
      nextWave: number + 1,
      counters: toWire(counters),
      gate: wave.gate ?? '',
    },
  }
}
