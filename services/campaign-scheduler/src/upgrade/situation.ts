import { type ClaimSituation } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import { rolloutPolicy } from '../campaign/complete-policy.ts'
import { countersOf } from '../campaign/counters.ts'
import type { Parts } from '../parts.ts'
import { openAttemptsOf, startsSince } from '../store/attempts.ts'
import { backupsOf } from '../store/backups.ts'
import type { CampaignRow } from '../store/campaigns.ts'
import { trueSignals } from '../store/signals.ts'
import { globalUse, talliesOf } from '../store/tallies.ts'
import { type UpgradeRow, heavierRivals } from '../store/upgrades.ts'
import { type WaveRow, wavesOf } from '../store/waves.ts'
import type { Backup } from './backup-step.ts'
import { modelName } from './signals.ts'

const MINUTE = 60_000

/** What stands around some upgrades, as far as a claim depends on it. */
export interface Situation {
  readonly rows: ReadonlyMap<string, UpgradeRow>
  readonly campaigns: ReadonlyMap<string, CampaignRow>
  readonly waves: ReadonlyMap<string, readonly WaveRow[]>
  readonly holders: ReadonlyMap<string, string>
  readonly blockedModels: ReadonlySet<string>
  readonly backups: ReadonlyMap<string, Backup>
  readonly rivals: ReadonlyMap<string, readonly { campaignId: string; weight: number }[]>
  /** Uses of the caps, counted on as claims are admitted. */
  readonly use: Map<string, { inFlight: number; unproven: number; starts: number }>
}

const GLOBAL = 'all campaigns'

/** Read after the locks where it is for a claim; without any where it is only shown. */
export async function readSituation(
  parts: Pick<Parts, 'settings'>,
  tx: Queryable,
  rows: readonly UpgradeRow[],
  campaigns: readonly CampaignRow[],
  now: number,
): Promise<Situation> {
  const ids = campaigns.map((campaign) => campaign.campaignId)
  const use: Situation['use'] = new Map()
  if (parts.settings.globalCaps !== null) use.set(GLOBAL, { ...(await globalUse(tx)), starts: 0 })
  const tallies = Map.groupBy(await talliesOf(tx, ids), (tally) => tally.campaignId)
  for (const { campaignId, policy } of campaigns) {
    const { in_flight: inFlight, unproven } = countersOf(tallies.get(campaignId) ?? [])
    const limited = policy.caps.startsPerMinute !== undefined
    const starts = limited ? await startsSince(tx, campaignId, now - MINUTE) : 0
    use.set(campaignId, { inFlight, unproven, starts })
  }
  const devices = rows.map((row) => row.deviceKey)
  const holders = await openAttemptsOf(tx, devices)
  const blocked = (await trueSignals(tx, ids)).filter(({ kind }) => kind === 'block_model')
  const wanting = new Set(campaigns.filter(({ policy }) => policy.backup !== undefined).map((one) => one.campaignId))
  const withBackup = rows.filter((row) => wanting.has(row.campaignId)).map((row) => row.upgradeId)
  const rivals = await heavierRivals(tx, devices)
  return {
    rows: new Map(rows.map((row) => [row.upgradeId, row])),
    campaigns: new Map(campaigns.map((campaign) => [campaign.campaignId, campaign])),
    waves: Map.groupBy(await wavesOf(tx, ids), (wave) => wave.campaignId),
    holders: new Map(holders.map((holder) => [holder.deviceKey, holder.upgradeId])),
    blockedModels: new Set(blocked.map(({ campaignId, subject }) => `${campaignId} ${subject}`)),
    backups: await backupsOf(tx, withBackup),
    rivals: Map.groupBy(rivals, (rival) => rival.deviceKey),
    use,
  }
}

/** All that a claim is decided on; also what a waiting upgrade is shown to wait for. */
export function claimSituation(
  parts: Pick<Parts, 'settings'>,
  situation: Situation,
  row: UpgradeRow,
  campaign: CampaignRow,
  reportedVersion: string,
  now: number,
): ClaimSituation {
  const wave = situation.waves.get(row.campaignId)?.find((one) => one.wave === row.wave)
  const holder = situation.holders.get(row.deviceKey)
  const { state, policy } = campaign
  return {
    now,
    upgrade: row.machine,
    policy: rolloutPolicy(policy),
    campaign: state === 'planning' || state === 'ready' ? 'draft' : state,
    waveOpen: wave?.openedAt != null && wave.state !== 'stopped',
    reportedVersion,
    zone: null,
    modelBlocked: situation.blockedModels.has(`${row.campaignId} ${modelName(row)}`),
    heldElsewhere: holder !== undefined && holder !== row.upgradeId,
    caps: capsOf(parts, situation, campaign),
  }
}

function capsOf(parts: Pick<Parts, 'settings'>, { use }: Situation, campaign: CampaignRow): ClaimSituation['caps'] {
  const { caps } = campaign.policy
  const own = use.get(campaign.campaignId) ?? { inFlight: 0, unproven: 0, starts: 0 }
  const all = use.get(GLOBAL)
  const global = parts.settings.globalCaps
  return [
    { name: 'in_flight', used: own.inFlight, limit: caps.inFlight },
    { name: 'unproven', used: own.unproven, limit: caps.unproven },
    ...(caps.startsPerMinute === undefined
      ? []
      : [{ name: 'starts_per_minute' as const, used: own.starts, limit: caps.startsPerMinute }]),
    ...(global === null || all === undefined
      ? []
      : [
          { name: 'in_flight' as const, used: all.inFlight, limit: global.inFlight },
          { name: 'unproven' as const, used: all.unproven, limit: global.unproven },
        ]),
  ]
}

/** One more start, for the claims that follow in the same batch. */
export function countStart({ use }: Situation, campaign: CampaignRow): void {
  for (const key of [campaign.campaignId, GLOBAL]) {
    const counted = use.get(key)
    if (counted !== undefined) use.set(key, { ...counted, inFlight: counted.inFlight + 1, starts: counted.starts + 1 })
  }
}
