import { inSpan } from '@sluice/runtime'
import { upgradeChanged, upgradeTraceparent } from '@sluice/contracts'
import { afterCommit } from '../after-commit.ts'
import { advanceCampaign } from '../campaign/advance.ts'
import { type Parts, SERVICE, toTime } from '../parts.ts'
import type { Move } from './move.ts'
import { reasonOf } from './read.ts'

const MOST_IN_ONE_EVENT = 500

/** After the commit: what may be lost without harm, or is done again at the next look. */
export async function carryOut(parts: Parts, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return
  parts.wakeRelay()
  const moved = moves.filter(({ before, after }) => before.state !== after.state)
  await afterCommit(parts.log, 'upgrade.news.failed', async () => {
    await traceMoves(moves)
    countMoves(parts, moves)
    announceMoves(parts, moved)
  })
  for (const { after } of moved) parts.campaignMoved(after.campaignId)
  await askGates(parts, moved)
}

/** A gate judges what has settled; nothing else can change its mind but time. */
async function askGates(parts: Parts, moved: readonly Move[]): Promise<void> {
  const judged = moved.filter(({ before, after }) => [before, after].some(({ machine }) => machine.state === 'settled'))
  for (const campaignId of new Set(judged.map(({ after }) => after.campaignId))) {
    await afterCommit(parts.log, 'campaign.gate.failed', () => advanceCampaign(parts, campaignId))
  }
}

/** Each fact, and the outcome, is a span in the upgrade's own trace. */
async function traceMoves(moves: readonly Move[]): Promise<void> {
  for (const { before, after, fact, ignored } of moves) {
    const traceparent = upgradeTraceparent(after.upgradeId)
    const attributes = {
      'sluice.upgrade_id': after.upgradeId,
      'sluice.campaign_id': after.campaignId,
      'sluice.from': before.state,
      'sluice.to': after.state,
      ...(ignored === null ? {} : { 'sluice.ignored': ignored }),
    }
    await inSpan({ tracer: SERVICE, name: `fact ${fact.kind}`, traceparent, attributes }, () => undefined)
    if (after.machine.state === 'settled' && before.state !== after.state) {
      const outcome = { 'sluice.outcome': after.state, 'sluice.counts_as': after.countsAs }
      await inSpan(
        { tracer: SERVICE, name: 'outcome', traceparent, attributes: { ...attributes, ...outcome } },
        () => undefined,
      )
    }
  }
}

function countMoves(parts: Parts, moves: readonly Move[]): void {
  for (const { before, after, fact, ignored } of moves) {
    parts.metrics.facts.add(1, { kind: fact.kind, result: ignored ?? 'applied' })
    if (after.machine.state === 'settled' && before.state !== after.state)
      parts.metrics.outcomes.add(1, { outcome: after.state })
  }
}

function announceMoves(parts: Parts, moved: readonly Move[]): void {
  for (const [campaignId, group] of Map.groupBy(moved, ({ after }) => after.campaignId)) {
    for (let from = 0; from < group.length; from += MOST_IN_ONE_EVENT) {
      const items = group.slice(from, from + MOST_IN_ONE_EVENT).map(({ before, after, seq }) => ({
        upgradeId: after.upgradeId,
        campaignId,
        deviceKey: after.deviceKey,
        wave: after.wave,
        from: before.state,
        to: after.state,
        reason: reasonOf(after.machine),
        at: toTime(after.updatedAt),
        seq,
      }))
      parts.bus.announce(upgradeChanged, [{ id: parts.ids.event(), key: campaignId, data: { items } }])
    }
  }
}
