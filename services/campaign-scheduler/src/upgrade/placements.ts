import { type Placement, taskPlaced } from '@sluice/contracts'
import { type Effect, lastAttempt } from '@sluice/rollout'
import type { JournalEntry } from '@sluice/sql'
import { OURSELVES, type Parts, toTime } from '../parts.ts'
import type { CampaignRow } from '../store/campaigns.ts'
import type { UpgradeRow } from '../store/upgrades.ts'
import { watchOf, watchRevision } from './watch.ts'

const MOST_IN_ONE_EVENT = 500

/** What gateways have to hear about one move of one upgrade. */
export function placementsFor(
  before: UpgradeRow,
  after: UpgradeRow,
  effects: readonly Effect[],
  campaign: CampaignRow,
): Placement[] {
  const { deviceKey, upgradeId, version: revision } = after
  const tasks = effects.flatMap((effect): Placement[] => {
    if (effect.kind === 'place_hint') return [hint(after, campaign, effect.notBefore)]
    if (effect.kind !== 'place_check' && effect.kind !== 'place_cancel') return []
    const kind = effect.kind === 'place_check' ? 'check' : 'cancel'
    return [{ op: 'put_task', deviceKey, task: { kind, taskId: effect.attemptId, revision } }]
  })
  const wasWaiting = before.machine.state === 'pending' || before.machine.state === 'retry'
  const nowSettled = after.machine.state === 'settled'
  if (wasWaiting && nowSettled) tasks.push({ op: 'drop_task', deviceKey, taskId: upgradeId, revision })
  const asked = before.machine.state === 'cancelling' || before.machine.state === 'in_doubt'
  if (asked && after.machine.state !== before.machine.state && tasks.length === 0) {
    tasks.push({ op: 'drop_task', deviceKey, taskId: before.machine.attempt.attemptId, revision })
  }
  return [...tasks, ...watchPlacement(before, after, campaign)]
}

export function hint(
  row: Pick<UpgradeRow, 'deviceKey' | 'upgradeId' | 'campaignId' | 'version'>,
  campaign: CampaignRow,
  notBefore: number | null,
): Placement {
  return {
    op: 'put_task',
    deviceKey: row.deviceKey,
    task: {
      kind: 'upgrade',
      taskId: row.upgradeId,
      campaignId: row.campaignId,
      weight: campaign.policy.weight,
      notBefore: notBefore === null ? null : toTime(notBefore),
      ...(campaign.policy.delivery?.method === 'schedule_download' && { schedules: true }),
      ...(campaign.policy.restoreSettings && { keepsSettings: true }),
      revision: row.version,
    },
  }
}

function watchPlacement(before: UpgradeRow, after: UpgradeRow, campaign: CampaignRow): Placement[] {
  const was = watchOf(before, campaign)
  const is = watchOf(after, campaign)
  const { deviceKey } = after
  if (is !== undefined) {
    const same =
      was?.attemptId === is.attemptId && was.mode === is.mode && was.restore === is.restore && was.until >= is.until
    return same ? [] : [{ op: 'put_watch', deviceKey, watch: is }]
  }
  const attemptId = lastAttempt(before.machine)?.attemptId
  if (was === undefined || attemptId === undefined) return []
  return [{ op: 'drop_watch', deviceKey, attemptId, revision: watchRevision(after) }]
}

/** Placements as outbox rows: one event for up to 500 of one campaign. */
export function placementEvents(
  parts: Pick<Parts, 'ids'>,
  placements: readonly { readonly campaignId: string; readonly item: Placement }[],
  at: number,
): JournalEntry[] {
  const byCampaign = Map.groupBy(placements, ({ campaignId }) => campaignId)
  return [...byCampaign].flatMap(([campaignId, all]) => {
    const entries: JournalEntry[] = []
    for (let from = 0; from < all.length; from += MOST_IN_ONE_EVENT) {
      entries.push({
        direction: 'out',
        id: parts.ids.event(),
        key: campaignId,
        kind: taskPlaced.name,
        at,
        actor: OURSELVES,
        campaignId,
        data: { items: all.slice(from, from + MOST_IN_ONE_EVENT).map(({ item }) => item) },
      })
    }
    return entries
  })
}
