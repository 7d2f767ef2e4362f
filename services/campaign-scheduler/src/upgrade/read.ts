import {
  type InputOf,
  type OutputOf,
  type Reply,
  type Upgrade,
  answered,
  refused,
  strangeCursor,
  traceIdOf,
  type upgradeList,
  upgradeTraceparent,
} from '@sluice/contracts'
import { type Upgrade as Machine, type Outcome } from '@sluice/rollout'
import { type Parts, toTime } from '../parts.ts'
import { type CampaignRow, findCampaigns } from '../store/campaigns.ts'
import { type UpgradeRow, findUpgrade, listUpgrades } from '../store/upgrades.ts'
import { waitsFor } from './waits-for.ts'

export async function readUpgrades(
  parts: Parts,
  input: InputOf<typeof upgradeList>,
): Promise<Reply<OutputOf<typeof upgradeList>>> {
  if (input.campaignId === undefined && input.deviceKey === undefined) {
    return refused('invalid_request', 'upgrades are listed of a campaign or of a device')
  }
  const { cursor, limit, ...filter } = input
  const strange = strangeCursor('upgrade', cursor)
  if (strange !== undefined) return strange
  const rows = await listUpgrades(parts.sql, { ...filter, afterId: cursor, limit: limit + 1 })
  const page = rows.slice(0, limit)
  const items = await toUpgrades(parts, page)
  return answered({ items, next: rows.length > limit ? (page.at(-1)?.upgradeId ?? null) : null })
}

export async function readUpgrade(parts: Parts, upgradeId: string): Promise<Reply<Upgrade>> {
  const row = await findUpgrade(parts.sql, upgradeId)
  if (row === undefined) return refused('not_found', `there is no upgrade ${upgradeId}`)
  const [upgrade] = await toUpgrades(parts, [row])
  return answered(upgrade!)
}

async function toUpgrades(parts: Parts, rows: readonly UpgradeRow[]): Promise<Upgrade[]> {
  const campaigns = new Map(
    (await findCampaigns(parts.sql, [...new Set(rows.map((row) => row.campaignId))])).map((one) => [
      one.campaignId,
      one,
    ]),
  )
  const waits = await waitsFor(parts, rows, campaigns)
  return rows.map((row) => toUpgrade(row, campaigns.get(row.campaignId)!, waits.get(row.upgradeId) ?? null))
}

function toUpgrade(row: UpgradeRow, campaign: CampaignRow, waits: string | null): Upgrade {
  const { machine } = row
  return {
    upgradeId: row.upgradeId,
    campaignId: row.campaignId,
    artifactId: row.artifactId ?? campaign.artifactId,
    deviceKey: row.deviceKey,
    deviceName: row.deviceName,
    // While a campaign is being planned its upgrades have no wave: the first stands for "none yet".
    wave: Math.max(1, row.wave),
    leg: row.leg,
    site: row.site,
    state: machine.state === 'settled' ? machine.outcome.kind : machine.state,
    countsAs: row.countsAs,
    reason: reasonOf(machine),
    faultCode:
      machine.state === 'settled' && machine.outcome.kind === 'failed' ? machine.outcome.faultCode : lastFault(machine),
    ...(machine.state === 'settled' &&
      'checks' in machine.outcome &&
      Array.isArray(machine.outcome.checks) && { failedChecks: machine.outcome.checks }),
    annotations: [...machine.annotations],
    waitsFor: waits,
    attempts: machine.attempts,
    attemptId: row.attemptId,
    fromVersion: machine.fromVersion,
    reportedVersion: row.reportedVersion,
    traceId: traceIdOf(upgradeTraceparent(row.upgradeId)),
    updatedAt: toTime(row.updatedAt),
  }
}

const lastFault = (machine: Machine): number | null => machine.tries.at(-1)?.faultCode ?? null

/** Why a settled upgrade came out as it did, in one word; null before. */
export function reasonOf(machine: Machine): string | null {
  return machine.state === 'settled' ? reasonOfOutcome(machine.outcome) : null
}

export function reasonOfOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'verified':
      return `settings_${outcome.settings}`
    case 'verified_config_lost':
      return outcome.bootstrap ? 'bootstrap' : 'settings_changed'
    case 'rolled_back':
      return outcome.seenTarget ? 'left_the_target' : 'never_on_target'
    case 'regressed':
      return `to_${outcome.toVersion}`
    case 'declined':
      return 'declined_by_user'
    case 'timed_out':
      return `${outcome.stage}_${outcome.contact}`
    case 'failed':
    case 'skipped':
    case 'superseded':
    case 'cancelled':
      return outcome.reason
  }
}
